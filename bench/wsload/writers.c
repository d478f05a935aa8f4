/* The writers: connections with at most one request under way each. */
#include "wsload.h"
#include <errno.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum state { CONNECTING, UPGRADING, JOINING, IDLE, BUSY, GONE };

struct writer {
    int fd;
    enum state state;
    uint64_t due; /* when the request under way was to be sent */
    uint64_t next_path;
    struct rest rest;
};

struct writer_counts writers;
static struct writer all[MAX_WRITERS];
static uint64_t sequence;
static int turn, busy;
static char buffer[READ_SIZE * 2 + 65536];

static void fail(struct writer *writer, int index, const char *what) {
    static int told;
    if (told++ < 3) fprintf(stderr, "writer %d: %s\n", index, what);
    if (writer->state == BUSY) {
        busy--;
        writers.errors++;
    }
    if (writer->state >= IDLE && writer->state != GONE) writers.ready--;
    writer->state = GONE;
    close(writer->fd);
    rest_free(&writer->rest);
    /* an idle keep-alive connection that the server has closed is opened again */
    static int reopened;
    if (reopened++ < 1000 && options.kind != WRITES_RPC) {
        writer->fd = connect_to(options.write_port, 0, WRITER_TAG | index);
        writer->state = CONNECTING;
    }
}

static void transmit(struct writer *writer, int index, const char *data, size_t length) {
    ssize_t sent = send(writer->fd, data, length, MSG_NOSIGNAL);
    if (sent != (ssize_t)length) fail(writer, index, "a request was not taken");
}

static void transmit_text(struct writer *writer, int index, const char *text, size_t length) {
    char frame[REQUEST_SIZE + 16];
    transmit(writer, index, frame, frame_build(frame, 1, text, length));
}

static const char *token_of(int index) {
    return options.token_count ? options.tokens[index % options.token_count] : "";
}

static void answered(struct writer *writer, uint64_t now, int well) {
    if (writer->state != BUSY) return;
    writer->state = IDLE;
    busy--;
    if (well) {
        writers.acknowledged++;
        histogram_add(&writers.latency, now > writer->due ? now - writer->due : 0);
    } else writers.errors++;
}

static void complain(const char *text, size_t length) {
    static int told;
    if (told++ < 3) fprintf(stderr, "a request was refused: %.*s\n", (int)(length < 400 ? length : 400), text);
}

static void take_line(struct writer *writer, int index, const char *line, size_t length, uint64_t now) {
    if (length == 2 && line[0] == '{') transmit_text(writer, index, "{}", 2);
    else if (length > 7 && !memcmp(line, "{\"push\"", 7)) return;
    else {
        int well = !memmem(line, length < 64 ? length : 64, "\"error\":", 8);
        if (!well) complain(line, length);
        if (writer->state == JOINING && well) {
            writer->state = IDLE;
            writers.ready++;
        } else answered(writer, now, well);
    }
}

static void take_text(void *owner, char *text, size_t length, uint64_t now) {
    struct writer *writer = owner;
    char *line = text, *stop = text + length;
    while (line < stop && writer->state != GONE) {
        char *newline = memchr(line, '\n', stop - line);
        take_line(writer, writer - all, line, (newline ? newline : stop) - line, now);
        line = newline ? newline + 1 : stop;
    }
}

static void take_control(void *owner, int opcode, char *data, size_t length) {
    struct writer *writer = owner;
    char frame[256];
    if (opcode == 9 && length < 126) transmit(writer, writer - all, frame, frame_build(frame, 10, data, length));
}

/* Takes one HTTP response from the front of `data`; returns its length, or 0 while it is not whole. */
static size_t take_response(struct writer *writer, char *data, size_t length) {
    char *stop = memmem(data, length, "\r\n\r\n", 4);
    if (!stop) return 0;
    size_t head = stop + 4 - data, body = 0;
    *stop = 0;
    char *field = strcasestr(data, "\r\ncontent-length:");
    int chunked = strcasestr(data, "\r\ntransfer-encoding: chunked") != NULL;
    *stop = '\r';
    if (chunked) {
        char *last = memmem(data + head, length - head, "0\r\n\r\n", 5);
        if (!last) return 0;
        body = last + 5 - data - head;
    } else if (field) {
        body = strtoul(field + 17, NULL, 10);
        if (length - head < body) return 0;
    }
    int well = data[9] == '2';
    if (!well) complain(data, head + body);
    answered(writer, wall_ns(), well);
    return head + body;
}

static size_t take(struct writer *writer, int index, char *data, size_t length) {
    if (options.kind != WRITES_RPC) {
        size_t used = 0, one;
        while ((one = take_response(writer, data + used, length - used))) used += one;
        return used;
    }
    size_t used = 0;
    if (writer->state == UPGRADING) {
        char *stop = memmem(data, length, "\r\n\r\n", 4);
        if (!stop) return 0;
        char text[REQUEST_SIZE];
        struct blanks blanks = {.token = token_of(index), .recover = ""};
        writer->state = JOINING;
        transmit_text(writer, index, text, fill(text, sizeof text, options.write_first_frame, &blanks));
        used = stop + 4 - data;
    }
    ssize_t parsed = frames_parse(data + used, length - used, writer, take_text, take_control, wall_ns());
    if (parsed < 0) {
        fail(writer, index, "the server closed the connection");
        return 0;
    }
    return used + parsed;
}

static void read_some(struct writer *writer, int index) {
    size_t held = writer->rest.length;
    if (held + READ_SIZE > sizeof buffer) {
        fail(writer, index, "an answer is too long");
        return;
    }
    memcpy(buffer, writer->rest.data, held);
    ssize_t got = recv(writer->fd, buffer + held, READ_SIZE, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        fail(writer, index, "the connection ended");
        return;
    }
    writers.bytes += got;
    size_t used = take(writer, index, buffer, held + got);
    if (writer->state != GONE && writer->state != CONNECTING)
        rest_keep(&writer->rest, buffer + used, held + got - used);
}

void writer_event(int index, uint32_t events) {
    struct writer *writer = &all[index];
    if (writer->state == GONE) return;
    if (writer->state == CONNECTING) {
        struct epoll_event reading = {.events = EPOLLIN, .data.u32 = WRITER_TAG | index};
        epoll_ctl(poller, EPOLL_CTL_MOD, writer->fd, &reading);
        if (options.kind == WRITES_RPC) {
            char request[REQUEST_SIZE];
            writer->state = UPGRADING;
            transmit(writer, index, request,
                     upgrade_build(request, sizeof request, options.write_path, options.write_port, ""));
        } else {
            writer->state = IDLE;
            writers.ready++;
        }
    } else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        read_some(writer, index);
    }
}

void writers_connect(void) {
    for (int i = 0; i < options.writers; i++) {
        all[i].fd = connect_to(options.write_port, 0, WRITER_TAG | i);
        all[i].next_path = i;
    }
    double until = monotonic_s() + 20;
    while (writers.ready < options.writers && monotonic_s() < until) poll_once(20);
    if (writers.ready < options.writers)
        fprintf(stderr, "only %d of %d writers are connected\n", writers.ready, options.writers);
}

static const char *body_text(uint64_t now) {
    static char text[REQUEST_SIZE / 2];
    int length = snprintf(text, sizeof text, MARK "%llu; ", (unsigned long long)now);
    while (length < options.body && length < (int)sizeof text - 1) {
        text[length] = length % 8 ? 'a' + length % 26 : ' ';
        length++;
    }
    text[length] = 0;
    return text;
}

static void write_one(struct writer *writer, int index, int customer, uint64_t due) {
    char text[REQUEST_SIZE], path[1024], request[REQUEST_SIZE + 1024];
    uint64_t now = wall_ns();
    int own = options.first_write_customer + index % options.write_customers;
    struct blanks blanks = {.token = token_of(index), .body = body_text(now), .recover = "", .id = 2 + sequence,
                            .customer = customer < 0 ? own : customer};
    sequence++;
    writer->state = BUSY;
    writer->due = due ? due : now;
    busy++;
    writers.sent++;
    size_t length = options.write_template ? fill(text, sizeof text, options.write_template, &blanks) : 0;
    if (options.kind == WRITES_RPC) {
        transmit_text(writer, index, text, length);
        return;
    }
    const char *where = options.write_path;
    if (options.kind == READS_GET) {
        where = options.paths[writer->next_path % options.path_count];
        writer->next_path += options.writers;
    }
    fill(path, sizeof path, where, &blanks);
    char headers[4096] = "";
    if (options.write_headers[0]) fill(headers, sizeof headers, options.write_headers, &blanks);
    size_t head = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s",
                           options.kind == READS_GET ? "GET" : "POST", path, options.write_port, headers);
    if (options.kind == READS_GET) head += snprintf(request + head, sizeof request - head, "\r\n");
    else {
        head += snprintf(request + head, sizeof request - head,
                         "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", length);
        memcpy(request + head, text, length);
        head += length;
    }
    transmit(writer, index, request, head);
}

int writers_send(int customer, uint64_t due_ns) {
    for (int k = 0; k < options.writers; k++) {
        int index = (turn + k) % options.writers;
        if (all[index].state != IDLE) continue;
        turn = index + 1;
        write_one(&all[index], index, customer, due_ns);
        return 1;
    }
    return 0;
}

int writers_busy(void) { return busy; }
