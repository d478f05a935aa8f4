/* The phases of a run, and the report of each. */
#include "wsload.h"

#define DRAIN_S 10.0
#define LONGEST_S 600.0

struct marks { /* what everything stood at when the phase began */
    double at, cpu[MAX_GROUPS], own, busy, cores[2];
    struct viewer_counts viewers;
    struct writer_counts writers;
};

static void begin(struct marks *marks) {
    histogram_clear(&viewers.latency);
    histogram_clear(&viewers.since_commit);
    histogram_clear(&writers.latency);
    marks->viewers = viewers;
    marks->writers = writers;
    for (int g = 0; g < options.group_count; g++) marks->cpu[g] = tree_cpu_s(options.groups[g].pid);
    marks->own = own_cpu_s();
    marks->busy = core_busy_s(-1);
    for (int core = 0; core < 2; core++) marks->cores[core] = core_busy_s(core);
    marks->at = monotonic_s();
}

static void print_groups(const char *name, const double *before) {
    printf("\"%s\":{", name);
    for (int g = 0; g < options.group_count; g++)
        printf("%s\"%s\":%.3f", g ? "," : "", options.groups[g].name,
               tree_cpu_s(options.groups[g].pid) - (before ? before[g] : 0));
    printf("}");
}

static void print_memory(const char *name) {
    printf(",\"%s\":{\"ready\":%d", name, viewers.ready);
    for (int g = 0; g < options.group_count; g++)
        printf(",\"%s\":%ld", options.groups[g].name, tree_rss_kib(options.groups[g].pid));
    printf("}");
}

static void report(const char *phase, const struct marks *marks, double elapsed, const char *more) {
    const struct viewer_counts *v = &marks->viewers;
    const struct writer_counts *w = &marks->writers;
    printf("{\"phase\":\"%s\",\"elapsed_s\":%.3f,", phase, elapsed);
    print_groups("cpu_s", marks->cpu);
    printf(",\"own_cpu_s\":%.3f,\"busy_s\":%.3f,\"core_busy_s\":[%.3f,%.3f],", own_cpu_s() - marks->own,
           core_busy_s(-1) - marks->busy, core_busy_s(0) - marks->cores[0], core_busy_s(1) - marks->cores[1]);
    printf("\"wall_s\":%.3f,", monotonic_s() - marks->at);
    printf("\"sent\":%llu,\"acknowledged\":%llu,\"errors\":%llu,\"late\":%llu,\"ack_us\":",
           (unsigned long long)(writers.sent - w->sent), (unsigned long long)(writers.acknowledged - w->acknowledged),
           (unsigned long long)(writers.errors - w->errors), (unsigned long long)(writers.late - w->late));
    histogram_print(&writers.latency);
    printf(",\"answer_bytes\":%llu,\"delivered\":%llu,\"frames\":%llu,\"bytes\":%llu,\"ready\":%d,\"closed\":%d,\"failed\":%d,\"latency_us\":",
           (unsigned long long)(writers.bytes - w->bytes), (unsigned long long)(viewers.delivered - v->delivered),
           (unsigned long long)(viewers.frames - v->frames), (unsigned long long)(viewers.bytes - v->bytes),
           viewers.ready, viewers.closed, viewers.failed);
    histogram_print(&viewers.latency);
    printf(",\"since_commit_us\":");
    histogram_print(&viewers.since_commit);
    printf("%s}", more);
    fflush(stdout);
}

static double seconds(double wanted) { return wanted > LONGEST_S ? LONGEST_S : wanted; }

/* Waits for what is still under way, and returns when the last of it came. */
static double drain(const struct marks *marks, uint64_t per_write) {
    double until = monotonic_s() + DRAIN_S, last = monotonic_s();
    uint64_t seen = viewers.delivered;
    for (;;) {
        uint64_t expected = (writers.sent - marks->writers.sent) * per_write;
        int done = !writers_busy() && viewers.delivered - marks->viewers.delivered >= expected;
        if (done || monotonic_s() > until) return last;
        poll_once(5);
        if (viewers.delivered != seen || writers_busy()) last = monotonic_s();
        seen = viewers.delivered;
    }
}

/* How many viewers a write reaches: none, where the writers have customers of their own. */
static uint64_t viewers_per_write(void) {
    int watched = options.first_write_customer >= options.first_customer &&
                  options.first_write_customer < options.first_customer + options.customers;
    return watched ? viewers.ready / options.customers : 0;
}

/* At R writes a second, whether or not the earlier ones were answered. */
static void send_due(double began, double rate, double length, uint64_t *count) {
    double now = monotonic_s();
    uint64_t due = (uint64_t)((now - began) * rate) + 1, most = (uint64_t)(rate * length + 0.5);
    if (due > most) due = most;
    while (*count < due) {
        uint64_t at = wall_ns() - (uint64_t)((now - began - *count / rate) * 1e9);
        if (!writers_send(-1, at)) {
            writers.late++;
            return;
        }
        ++*count;
    }
}

static int until_next(double began, double rate, uint64_t count) {
    double wait = (began + count / rate - monotonic_s()) * 1000;
    return wait < 0 ? 0 : wait > 20 ? 20 : (int)wait;
}

static void run_rate(const char *phase, double rate, double length) {
    struct marks marks;
    uint64_t count = 0;
    begin(&marks);
    while (monotonic_s() - marks.at < seconds(length)) {
        send_due(marks.at, rate, seconds(length), &count);
        poll_once(until_next(marks.at, rate, count));
    }
    drain(&marks, viewers_per_write());
    report(phase, &marks, monotonic_s() - marks.at, "");
}

/* At most `window` publications that have not reached every viewer yet: saturation with bounded buffers. */
static void run_window(const char *phase, int window, double length) {
    struct marks marks;
    begin(&marks);
    uint64_t each = viewers_per_write() ? viewers_per_write() : 1;
    while (monotonic_s() - marks.at < seconds(length)) {
        uint64_t whole = (viewers.delivered - marks.viewers.delivered) / each;
        while (writers.sent - marks.writers.sent < whole + window && writers_send(-1, 0)) {}
        poll_once(1);
    }
    report(phase, &marks, drain(&marks, each) - marks.at, "");
}

/* Every writer always has a request under way. */
static void run_closed(const char *phase, double length) {
    struct marks marks;
    begin(&marks);
    while (monotonic_s() - marks.at < seconds(length)) {
        while (writers_send(-1, 0)) {}
        poll_once(1);
    }
    report(phase, &marks, drain(&marks, viewers_per_write()) - marks.at, "");
}

/* K writes to each of the viewers' customers. */
static void run_each(const char *phase, int each) {
    struct marks marks;
    uint64_t total = (uint64_t)each * options.customers, sent = 0;
    begin(&marks);
    while (sent < total || writers_busy()) {
        while (sent < total && writers_send(options.first_customer + sent % options.customers, 0)) sent++;
        poll_once(1);
        if (monotonic_s() - marks.at > LONGEST_S) break;
    }
    report(phase, &marks, monotonic_s() - marks.at, "");
}

static void run_back(const char *phase, double rate, double length, int each) {
    struct marks marks;
    char more[128];
    uint64_t count = 0;
    double whole = 0;
    viewers_return();
    begin(&marks);
    while (monotonic_s() - marks.at < seconds(length)) {
        viewers_fill();
        if (rate > 0) send_due(marks.at, rate, seconds(length), &count);
        poll_once(rate > 0 ? until_next(marks.at, rate, count) : 5);
        if (!whole && viewers.ready + viewers.failed >= options.viewers) {
            whole = monotonic_s() - marks.at;
            if (whole > 1) break;
        }
    }
    drain(&marks, 0);
    snprintf(more, sizeof more, ",\"whole_s\":%.3f,\"recovered\":%llu,\"wrong\":%d", whole,
             (unsigned long long)viewers.recovered, viewers_missing(each));
    report(phase, &marks, monotonic_s() - marks.at, more);
}

static void run_idle(const char *phase, double length) {
    struct marks marks;
    begin(&marks);
    while (monotonic_s() - marks.at < seconds(length)) poll_once(20);
    report(phase, &marks, monotonic_s() - marks.at, "");
}

static void run_phase(const char *phase) {
    double a = 0, b = 0, c = 0;
    char kind[16] = "";
    sscanf(phase, "%15[a-z]:%lf:%lf:%lf", kind, &a, &b, &c);
    if (!strcmp(kind, "rate")) run_rate(phase, a, b);
    else if (!strcmp(kind, "window")) run_window(phase, a, b);
    else if (!strcmp(kind, "closed")) run_closed(phase, a);
    else if (!strcmp(kind, "each")) run_each(phase, a);
    else if (!strcmp(kind, "back")) run_back(phase, a, b, c);
    else if (!strcmp(kind, "drop")) {
        viewers_drop();
        run_idle(phase, 0.5);
    } else run_idle(phase, a);
}

static void connect_viewers(void) {
    double limit = monotonic_s() + 120;
    while (viewers.ready + viewers.failed < options.viewers && monotonic_s() < limit) {
        viewers_fill();
        poll_once(20);
    }
}

static void settle(void) {
    double until = monotonic_s() + options.settle;
    while (monotonic_s() < until) poll_once(10);
}

void run_phases(void) {
    double cpu[MAX_GROUPS];
    printf("{\"viewers\":%d", options.viewers);
    viewers_allocate();
    print_memory("memory_before");
    for (int g = 0; g < options.group_count; g++) cpu[g] = tree_cpu_s(options.groups[g].pid);
    double began = monotonic_s();
    connect_viewers();
    printf(",\"connect_s\":%.3f,", monotonic_s() - began);
    print_groups("connect_cpu_s", cpu);
    settle();
    print_memory("memory_after");
    printf(",\"ready\":%d,\"failed\":%d,\"phases\":[", viewers.ready, viewers.failed);
    if (options.kind) writers_connect();
    for (int p = 0; p < options.phase_count; p++) {
        if (p) printf(",");
        run_phase(options.phases[p]);
    }
    printf("]}\n");
}
