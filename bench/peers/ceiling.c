/* ceiling PORT MESSAGES BYTES: what one core can push through loopback TCP, and the load client can count, on this machine.
 *
 * A WebSocket upgrade, then the same frame again and again to everybody, as fast as each takes it: MESSAGES lines of BYTES
 * bytes with a mark in each, joined as a server joins what it has waiting. Nothing is received, decided or encoded.
 */
#define _GNU_SOURCE
#include "listener.h"
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MOST_FILES 70000
#define MOST_BYTES 65000
#define SEND_BUFFER (128 * 1024) /* as Casewire sets it */

static unsigned char frame[MOST_BYTES + 4];
static size_t size, sent[MOST_FILES]; /* how much of the current frame each has */
static int upgraded[MOST_FILES];

static void build(int messages, int bytes) {
    size_t length = (size_t)messages * (bytes + 1) - 1;
    if (messages < 1 || bytes < 64 || length > MOST_BYTES || length < 126) {
        fprintf(stderr, "ceiling: too many messages, or too few\n");
        exit(2);
    }
    frame[0] = 0x81;
    frame[1] = 126;
    frame[2] = length >> 8;
    frame[3] = length;
    memset(frame + 4, 'x', length);
    for (int i = 0; i < messages; i++) {
        memcpy(frame + 4 + (size_t)i * (bytes + 1) + 20, "~t=1; ", 6);
        if (i) frame[4 + (size_t)i * (bytes + 1) - 1] = '\n';
    }
    size = length + 4;
}

static void push(int fd) {
    ssize_t taken = send(fd, frame + sent[fd], size - sent[fd], MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken > 0) sent[fd] = (sent[fd] + taken) % size;
}

/* Returns 0 when the peer is gone. A request comes whole: it is a few hundred bytes. */
static int take(int fd) {
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    char request[4096];
    if (recv(fd, request, sizeof request, MSG_DONTWAIT) <= 0) return 0;
    if (!upgraded[fd]) {
        upgraded[fd] = send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0;
        struct epoll_event both = {.events = EPOLLIN | EPOLLOUT, .data.fd = fd};
        epoll_ctl(poller, EPOLL_CTL_MOD, fd, &both);
    }
    return 1;
}

static void accept_all(int listener) {
    int fd, on = 1, buffer = SEND_BUFFER;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST_FILES) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        sent[fd] = upgraded[fd] = 0;
        struct epoll_event reading = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &reading);
    }
}

int main(int count, char **words) {
    int port = count > 3 ? atoi(words[1]) : 0;
    signal(SIGPIPE, SIG_IGN);
    build(count > 3 ? atoi(words[2]) : 0, count > 3 ? atoi(words[3]) : 0);
    int listener = listen_on(port, "ceiling");
    struct epoll_event events[256];
    for (;;) {
        int ready = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) accept_all(listener);
            else if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !take(fd)) close(fd);
            else if (upgraded[fd] && (events[i].events & EPOLLOUT)) push(fd);
        }
    }
}
