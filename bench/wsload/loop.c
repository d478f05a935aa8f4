/* The event loop: sockets that are spread over the addresses 127.0.0.x, and what is left over of a read. */
#include "wsload.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

int poller;

int connect_to(int port, int address, uint32_t tag) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (address > 0) { /* one address has too few ports for tens of thousands of connections */
        struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + address)};
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0) perror("bind");
    }
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&target, sizeof target) < 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = tag};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    return fd;
}

void poll_once(int milliseconds) {
    struct epoll_event events[512];
    int count = epoll_wait(poller, events, 512, milliseconds);
    for (int i = 0; i < count; i++) {
        uint32_t tag = events[i].data.u32;
        if (tag & WRITER_TAG) writer_event(tag & ~WRITER_TAG, events[i].events);
        else viewer_event(tag, events[i].events);
    }
}

void rest_keep(struct rest *rest, const char *data, size_t length) {
    if (length == 0) {
        rest->length = 0;
        if (rest->room > 65536) rest_free(rest);
        return;
    }
    if (rest->room < length) {
        rest->room = length + 1024;
        rest->data = realloc(rest->data, rest->room);
    }
    memmove(rest->data, data, length);
    rest->length = length;
}

void rest_free(struct rest *rest) {
    free(rest->data);
    *rest = (struct rest){0};
}
