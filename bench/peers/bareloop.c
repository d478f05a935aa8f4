/* bareloop PORT: the limit of the machine for fan-out with a system call per delivery.
 *
 * A WebSocket upgrade, an HTTP POST whose body is sent to everybody, one send() per connection and message in a plain
 * loop. No JSON, no permissions, no queues, no history: what any server does on top of this is its overhead.
 */
#define _GNU_SOURCE
#include "listener.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MOST_FILES 70000
#define REQUEST 65536

static int subscribers[MOST_FILES], subscriber_count;
static int place[MOST_FILES]; /* in `subscribers`; -1: not upgraded */
static char *request[MOST_FILES];
static int held[MOST_FILES];

static void drop(int fd) {
    if (place[fd] >= 0) {
        int last = subscribers[--subscriber_count];
        subscribers[place[fd]] = last;
        place[last] = place[fd];
        place[fd] = -1;
    }
    free(request[fd]);
    request[fd] = NULL;
    held[fd] = 0;
    close(fd);
}

static void broadcast(const char *message, size_t length) {
    static unsigned char frame[REQUEST + 4];
    size_t head = length < 126 ? 2 : 4;
    frame[0] = 0x81;
    frame[1] = length < 126 ? length : 126;
    if (head == 4) {
        frame[2] = length >> 8;
        frame[3] = length;
    }
    memcpy(frame + head, message, length);
    for (int i = 0; i < subscriber_count; i++)
        if (send(subscribers[i], frame, head + length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) perror("send");
}

static void answer(int fd, const char *text) {
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) perror("answer");
}

static void upgrade(int fd) {
    answer(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    place[fd] = subscriber_count;
    subscribers[subscriber_count++] = fd;
    free(request[fd]);
    request[fd] = NULL;
    held[fd] = 0;
}

/* Answers the requests that are whole. */
static void serve(int fd) {
    for (;;) {
        char *start = request[fd], *stop = strstr(start, "\r\n\r\n");
        if (!stop) return;
        if (!memcmp(start, "GET ", 4)) {
            upgrade(fd);
            return;
        }
        char *field = strcasestr(start, "content-length:");
        long body = field ? atol(field + 15) : 0, whole = stop + 4 - start + body;
        if (held[fd] < whole) return;
        broadcast(stop + 4, body);
        answer(fd, "HTTP/1.1 204 No Content\r\n\r\n");
        memmove(start, start + whole, held[fd] - whole + 1);
        held[fd] -= whole;
    }
}

static void read_some(int fd) {
    char piece[16384];
    ssize_t got = recv(fd, piece, sizeof piece, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0 || held[fd] + got >= REQUEST) {
        drop(fd);
        return;
    }
    if (place[fd] >= 0) return; /* what subscribers say is ignored */
    if (!request[fd]) request[fd] = malloc(REQUEST);
    memcpy(request[fd] + held[fd], piece, got);
    held[fd] += got;
    request[fd][held[fd]] = 0;
    serve(fd);
}

static void accept_all(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST_FILES) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        place[fd] = -1;
        struct epoll_event reading = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &reading);
    }
}

int main(int count, char **words) {
    int port = count > 1 ? atoi(words[1]) : 9000;
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = listen_on(port, "bareloop");
    struct epoll_event events[256];
    for (;;) {
        int ready = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < ready; i++)
            if (events[i].data.fd == listener) accept_all(listener);
            else read_some(events[i].data.fd);
    }
}
