/* wsload: a load client for realtime servers, cheap enough that one core of it drives a server on another.
 *
 * Viewers are WebSocket connections that count publications; writers publish, over the Centrifuge protocol or HTTP.
 * A publication is recognised by the mark "~t=<nanoseconds>;" that the writer puts into its body, so the same client
 * counts Casewire, Centrifugo, Socket.IO and Nchan. One thread, epoll; the phases are given on the command line, and
 * what happened in each is printed as one JSON document. See usage() in options.c.
 */
#ifndef WSLOAD_H
#define WSLOAD_H

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define MAX_VIEWERS 100000
#define MAX_WRITERS 1000
#define MAX_TOKENS 2000
#define MAX_PHASES 32
#define MAX_GROUPS 8
#define READ_SIZE (1 << 18)
#define REQUEST_SIZE 16384
#define MARK "~t="

/* ---- options.c ---- */

enum writer_kind { WRITES_NOTHING, WRITES_RPC, WRITES_POST, READS_GET };

struct options {
    int port, viewers, inflight, addresses;
    const char *path, *headers, *first_frame, *ready;
    int answers_braces, answers_engine_io; /* "{}" is answered with "{}"; "2" with "3" */
    int first_customer, customers;
    double settle;
    enum writer_kind kind;
    int write_port, writers, first_write_customer, write_customers, body;
    const char *write_path, *write_headers, *write_template, *write_first_frame;
    char *tokens[MAX_TOKENS];
    int token_count;
    char **paths; /* of READS_GET */
    int path_count;
    const char *phases[MAX_PHASES];
    int phase_count;
    struct { const char *name; int pid; } groups[MAX_GROUPS];
    int group_count;
};
extern struct options options;
void parse_options(int count, char **words);

/* Fills `out` from a template: {token} {customer} {id} {uuid} {body} {recover} {channel}. Returns its length. */
struct blanks { const char *token, *body, *recover; uint64_t id, customer; };
size_t fill(char *out, size_t room, const char *template, const struct blanks *blanks);

/* ---- clock.c ---- */

uint64_t wall_ns(void);
double monotonic_s(void);
/* Nanoseconds since the epoch of "2026-11-23T10:05:00.123456Z"; 0 if it is something else. */
uint64_t parse_timestamp(const char *text, size_t length);

/* ---- histogram.c: durations in microseconds, log-linear, good to 1.6 % ---- */

#define SUB_BUCKETS 64
#define BUCKETS (SUB_BUCKETS * 40)
struct histogram { uint64_t count, max, buckets[BUCKETS]; };
void histogram_add(struct histogram *histogram, uint64_t ns);
void histogram_clear(struct histogram *histogram);
void histogram_print(const struct histogram *histogram);

/* ---- processes.c ---- */

double tree_cpu_s(int root);   /* user + system of a process and all below it, ended children included */
long tree_rss_kib(int root);
double core_busy_s(int core);  /* -1: all cores */
double own_cpu_s(void);

/* ---- frames.c ---- */

typedef void on_text(void *owner, char *text, size_t length, uint64_t now);
typedef void on_control(void *owner, int opcode, char *data, size_t length);
/* Takes the whole frames out of `data`; returns how many bytes they were, or -1 when the peer closed. */
ssize_t frames_parse(char *data, size_t length, void *owner, on_text *text, on_control *control, uint64_t now);
size_t frame_build(char *out, int opcode, const char *payload, size_t length); /* masked; out needs length + 14 */
size_t upgrade_build(char *out, size_t room, const char *path, int port, const char *headers);

/* ---- loop.c ---- */

#define WRITER_TAG 0x80000000u
extern int poller;
int connect_to(int port, int address, uint32_t tag);
void poll_once(int milliseconds);
/* Bytes of a connection that do not make a whole frame yet. */
struct rest { char *data; uint32_t length, room; };
void rest_keep(struct rest *rest, const char *data, size_t length);
void rest_free(struct rest *rest);

/* ---- viewers.c ---- */

struct viewer_counts {
    int connected, ready, failed, closed;
    uint64_t delivered, recovered, frames, bytes, pings;
    struct histogram latency, since_commit;
};
extern struct viewer_counts viewers;
void viewers_allocate(void);
void viewers_fill(void);           /* opens more, at most `inflight` handshakes at a time */
void viewers_drop(void);           /* closes all at once, without a goodbye */
void viewers_return(void);         /* forgets the closed ones, so that viewers_fill opens them again, recovering */
int viewers_missing(uint64_t each); /* how many have not recovered exactly `each` publications */
void viewer_event(int index, uint32_t events);

/* ---- writers.c ---- */

struct writer_counts {
    int ready;
    uint64_t sent, acknowledged, errors, late, bytes;
    struct histogram latency; /* from when it was due to its acknowledgement */
};
extern struct writer_counts writers;
void writers_connect(void);
int writers_send(int customer, uint64_t due_ns); /* by an idle writer; 0: all are busy. customer -1: the writer's own */
int writers_busy(void);
void writer_event(int index, uint32_t events);

/* ---- phases.c ---- */

void run_phases(void);

#endif
