/* The viewers: connections that subscribe, count what they are told, and after a loss recover what they missed. */
#include "wsload.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum state { NOT_YET, CONNECTING, UPGRADING, JOINING, READY, GONE };

struct viewer {
    int fd;
    enum state state;
    uint64_t offset; /* of the last publication seen */
    uint64_t recovered;
    int positioned; /* whether it has a position to recover from */
    struct rest rest;
};

struct viewer_counts viewers;
static struct viewer *all;
static int next, inflight;
static char epoch[128];
static char buffer[READ_SIZE * 2 + 65536];

void viewers_allocate(void) { all = calloc(options.viewers, sizeof *all); }

static void end(struct viewer *viewer) {
    if (viewer->state == GONE) return;
    if (viewer->state == READY) {
        viewers.ready--;
        viewers.closed++;
    } else {
        viewers.failed++;
        inflight--;
    }
    viewer->state = GONE;
    close(viewer->fd);
    rest_free(&viewer->rest);
}

static void became_ready(struct viewer *viewer) {
    viewer->state = READY;
    viewers.ready++;
    inflight--;
}

static void transmit(struct viewer *viewer, int opcode, const char *text, size_t length) {
    char frame[REQUEST_SIZE + 16];
    size_t size = frame_build(frame, opcode, text, length);
    if (send(viewer->fd, frame, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size) end(viewer);
}

static uint64_t number_after(const char *text, size_t length, const char *name) {
    const char *found = memmem(text, length, name, strlen(name));
    return found ? strtoull(found + strlen(name), NULL, 10) : 0;
}

/* Where the mark was in the last line: it is in the same place in the next one, give or take some digits. */
static const char *find_mark(const char *line, size_t length) {
    static size_t usual;
    const char *found = NULL;
    for (size_t from = usual > 4 ? usual - 4 : 0; !found && from <= usual + 4 && from + 3 <= length; from++)
        if (line[from] == MARK[0] && line[from + 1] == MARK[1] && line[from + 2] == MARK[2]) found = line + from;
    if (!found) found = memmem(line, length, MARK, 3);
    if (found) usual = found - line;
    return found;
}

/* What the mark says: strtoull, which minds the language and the sign, takes a tenth of the time of a publication. */
static uint64_t time_of(const char *mark, const char *stop) {
    uint64_t value = 0;
    for (mark += 3; mark < stop && *mark >= '0' && *mark <= '9'; mark++) value = value * 10 + (*mark - '0');
    return value;
}

static void count_publication(const char *mark, const char *stop, uint64_t now) {
    uint64_t then = time_of(mark, stop);
    viewers.delivered++;
    histogram_add(&viewers.latency, now > then ? now - then : 0);
}

/* Of the last publication of a frame, in the Centrifuge protocol: the position, and now and then, with Casewire, the
 * moment of the action. */
static void look_closer(struct viewer *viewer, const char *line, size_t length, uint64_t now) {
    static int turn;
    static const char created[] = "\"created_at\":\"";
    uint64_t offset = number_after(line, length < 96 ? length : 96, "\"offset\":");
    if (offset) viewer->offset = offset;
    const char *stamp = ++turn % 16 ? NULL : memmem(line, length, created, sizeof created - 1);
    if (!stamp) return;
    stamp += sizeof created - 1;
    uint64_t at = parse_timestamp(stamp, line + length - stamp);
    if (at) histogram_add(&viewers.since_commit, now > at ? now - at : 0);
}

/* A reply to subscribe: the position, and the publications that were missed. */
static void joined(struct viewer *viewer, const char *line, size_t length) {
    const char *result = memmem(line, length, "\"subscribe\":", 12);
    const char *from = result ? result : line;
    size_t left = line + length - from;
    for (const char *mark = from; (mark = memmem(mark, line + length - mark, MARK, 3)); mark++) {
        viewer->recovered++;
        viewers.recovered++;
    }
    const char *name = result ? memmem(from, left, "\"epoch\":\"", 9) : NULL;
    if (name && !epoch[0]) {
        const char *close = memchr(name + 9, '"', left - (name + 9 - from));
        if (close && close - name - 9 < (ssize_t)sizeof epoch) memcpy(epoch, name + 9, close - name - 9);
    }
    /* the reply's own offset is the top, or with recovery the one that was asked for */
    uint64_t offset = result ? number_after(from, left, "\"offset\":") : 0;
    if (offset > viewer->offset) viewer->offset = offset;
    viewer->positioned = epoch[0] != 0;
    became_ready(viewer);
}

/* 1 if the line was a publication. */
static int take_line(struct viewer *viewer, const char *line, size_t length, uint64_t now) {
    if (options.answers_braces && length == 2 && line[0] == '{') {
        viewers.pings++;
        transmit(viewer, 1, "{}", 2);
    } else if (options.answers_engine_io && length == 1 && line[0] == '2') {
        viewers.pings++;
        transmit(viewer, 1, "3", 1);
    } else if (viewer->state == JOINING && options.ready && memmem(line, length, options.ready, strlen(options.ready))) {
        joined(viewer, line, length);
    } else {
        const char *mark = find_mark(line, length);
        if (mark) {
            count_publication(mark, line + length, now);
            return 1;
        }
        if (viewer->state == JOINING && options.answers_braces && memmem(line, length, "\"error\":", 8)) {
            static int told;
            if (!told++) fprintf(stderr, "a viewer was refused: %.*s\n", (int)(length < 300 ? length : 300), line);
            end(viewer);
        }
    }
    return 0;
}

static void take_text(void *owner, char *text, size_t length, uint64_t now) {
    struct viewer *viewer = owner;
    char *line = text, *stop = text + length, *latest = NULL;
    size_t latest_length = 0;
    viewers.frames++;
    while (line < stop && viewer->state != GONE) {
        char *newline = memchr(line, '\n', stop - line);
        size_t here = (newline ? newline : stop) - line;
        if (take_line(viewer, line, here, now)) {
            latest = line;
            latest_length = here;
        }
        line = newline ? newline + 1 : stop;
    }
    if (latest && options.answers_braces) look_closer(viewer, latest, latest_length, now);
}

static void take_control(void *owner, int opcode, char *data, size_t length) {
    if (opcode == 9) transmit(owner, 10, data, length);
}

static void introduce(struct viewer *viewer, int index) {
    char text[REQUEST_SIZE], recover[256] = "";
    if (viewer->positioned)
        snprintf(recover, sizeof recover, ",\"recover\":true,\"offset\":%llu,\"epoch\":\"%s\"",
                 (unsigned long long)viewer->offset, epoch);
    struct blanks blanks = {
        .token = options.token_count ? options.tokens[index % options.token_count] : "",
        .recover = recover,
        .customer = options.first_customer + index % options.customers,
    };
    transmit(viewer, 1, text, fill(text, sizeof text, options.first_frame, &blanks));
}

static size_t finish_upgrade(struct viewer *viewer, int index, char *data, size_t length) {
    char *stop = memmem(data, length, "\r\n\r\n", 4);
    if (!stop) return 0;
    if (memcmp(data, "HTTP/1.1 101", 12)) {
        static int told;
        if (!told++) fprintf(stderr, "an upgrade was refused: %.*s\n", (int)(length < 300 ? length : 300), data);
        end(viewer);
        return 0;
    }
    viewers.connected++;
    viewer->state = JOINING;
    if (options.first_frame) introduce(viewer, index);
    if (!options.ready && viewer->state == JOINING) became_ready(viewer);
    return stop + 4 - data;
}

static void read_some(struct viewer *viewer, int index) {
    for (;;) {
        char *data = buffer;
        size_t held = viewer->rest.length;
        if (held + READ_SIZE > sizeof buffer) { /* a frame larger than any we expect */
            end(viewer);
            return;
        }
        memcpy(data, viewer->rest.data, held);
        ssize_t got = recv(viewer->fd, data + held, READ_SIZE, 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            end(viewer);
            return;
        }
        viewers.bytes += got;
        size_t length = held + got, used = 0;
        if (viewer->state == UPGRADING) used = finish_upgrade(viewer, index, data, length);
        if (viewer->state >= JOINING && viewer->state != GONE) {
            ssize_t parsed = frames_parse(data + used, length - used, viewer, take_text, take_control, wall_ns());
            if (parsed < 0) end(viewer);
            else used += parsed;
        }
        if (viewer->state == GONE) return;
        rest_keep(&viewer->rest, data + used, length - used);
        if (got < READ_SIZE) return;
    }
}

void viewer_event(int index, uint32_t events) {
    struct viewer *viewer = &all[index];
    if (viewer->state == GONE) return;
    if (viewer->state == CONNECTING) {
        char request[REQUEST_SIZE];
        size_t length = upgrade_build(request, sizeof request, options.path, options.port, options.headers);
        if ((events & EPOLLERR) || send(viewer->fd, request, length, MSG_NOSIGNAL) != (ssize_t)length) {
            end(viewer);
            return;
        }
        viewer->state = UPGRADING;
        struct epoll_event reading = {.events = EPOLLIN, .data.u32 = index};
        epoll_ctl(poller, EPOLL_CTL_MOD, viewer->fd, &reading);
    } else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        read_some(viewer, index);
    }
}

void viewers_fill(void) {
    while (inflight < options.inflight && next < options.viewers) {
        struct viewer *viewer = &all[next];
        viewer->fd = connect_to(options.port, 1 + next % options.addresses, next);
        viewer->state = CONNECTING;
        inflight++;
        next++;
        if (viewer->fd < 0) end(viewer);
    }
}

void viewers_drop(void) {
    struct linger abrupt = {.l_onoff = 1, .l_linger = 0}; /* a reset, as when a machine vanishes */
    for (int i = 0; i < next; i++) {
        if (all[i].state == GONE) continue;
        setsockopt(all[i].fd, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
        end(&all[i]);
    }
}

void viewers_return(void) {
    for (int i = 0; i < options.viewers; i++) {
        all[i].state = NOT_YET;
        all[i].recovered = 0;
    }
    next = inflight = 0;
    viewers.recovered = viewers.closed = viewers.failed = viewers.connected = 0;
}

int viewers_missing(uint64_t each) {
    int missing = 0;
    for (int i = 0; i < options.viewers; i++) missing += all[i].state != READY || all[i].recovered != each;
    return missing;
}
