#include "wsload.h"

struct options options = {
    .path = "/", .headers = "", .inflight = 200, .addresses = 8, .customers = 1, .first_customer = 1, .settle = 1,
    .write_path = "/", .write_headers = "", .first_write_customer = 1, .write_customers = 1, .body = 100,
};

static void usage(const char *why) {
    fprintf(stderr,
            "wsload: %s\n"
            "viewers   --port P --path /ws -n N [--headers 'A: b\\r\\n'] [--first-frame TEXT] [--ready TEXT]\n"
            "          [--customers FIRST:COUNT] [--inflight K] [--addresses K] [--settle SECONDS]\n"
            "          [--answer-braces] [--answer-engine-io]\n"
            "writers   --write rpc|post|get:PORT:COUNT [--write-path /x] [--write-headers H] [--write-template TEXT]\n"
            "          [--write-first-frame TEXT] [--write-customers FIRST:COUNT] [--body BYTES] [--get-paths FILE]\n"
            "both      [--tokens FILE] [--cpu NAME=PID]...\n"
            "phases    --phase idle:S | rate:R:S | window:W:S | closed:S | each:K | drop | back:R:S:K\n"
            "texts may hold {token} {customer} {id} {uuid} {body} {recover}\n", why);
    exit(2);
}

static char **read_lines(const char *name, int most, int *count) {
    FILE *file = fopen(name, "r");
    char **lines = calloc(most, sizeof *lines), *line = NULL;
    size_t room = 0;
    ssize_t length;
    if (!file) usage(name);
    while (*count < most && (length = getline(&line, &room, file)) > 0) {
        line[strcspn(line, "\n")] = 0;
        lines[(*count)++] = strdup(line);
    }
    free(line);
    fclose(file);
    return lines;
}

static void parse_writers(char *text) {
    const char *kind = strtok(text, ":"), *port = strtok(NULL, ":"), *count = strtok(NULL, ":");
    if (!kind || !port || !count) usage("--write needs KIND:PORT:COUNT");
    options.kind = !strcmp(kind, "rpc") ? WRITES_RPC : !strcmp(kind, "post") ? WRITES_POST : READS_GET;
    options.write_port = atoi(port);
    options.writers = atoi(count);
}

static void parse_group(char *text) {
    char *pid = strchr(text, '=');
    if (!pid || options.group_count == MAX_GROUPS) usage("--cpu needs NAME=PID");
    *pid++ = 0;
    options.groups[options.group_count].name = text;
    options.groups[options.group_count++].pid = atoi(pid);
}

static void parse_tokens(const char *name) {
    char **lines = read_lines(name, MAX_TOKENS, &options.token_count);
    memcpy(options.tokens, lines, options.token_count * sizeof *lines);
}

/* An option with a value; 0: it is unknown. */
static int parse_value(const char *name, char *value) {
    if (!strcmp(name, "--port")) options.port = atoi(value);
    else if (!strcmp(name, "--path")) options.path = value;
    else if (!strcmp(name, "-n")) options.viewers = atoi(value);
    else if (!strcmp(name, "--headers")) options.headers = value;
    else if (!strcmp(name, "--first-frame")) options.first_frame = value;
    else if (!strcmp(name, "--ready")) options.ready = value;
    else if (!strcmp(name, "--customers")) sscanf(value, "%d:%d", &options.first_customer, &options.customers);
    else if (!strcmp(name, "--inflight")) options.inflight = atoi(value);
    else if (!strcmp(name, "--addresses")) options.addresses = atoi(value);
    else if (!strcmp(name, "--settle")) options.settle = atof(value);
    else if (!strcmp(name, "--write")) parse_writers(value);
    else if (!strcmp(name, "--write-path")) options.write_path = value;
    else if (!strcmp(name, "--write-headers")) options.write_headers = value;
    else if (!strcmp(name, "--write-template")) options.write_template = value;
    else if (!strcmp(name, "--write-first-frame")) options.write_first_frame = value;
    else if (!strcmp(name, "--write-customers"))
        sscanf(value, "%d:%d", &options.first_write_customer, &options.write_customers);
    else if (!strcmp(name, "--body")) options.body = atoi(value);
    else if (!strcmp(name, "--get-paths")) options.paths = read_lines(value, 100000, &options.path_count);
    else if (!strcmp(name, "--tokens")) parse_tokens(value);
    else if (!strcmp(name, "--cpu")) parse_group(value);
    else if (!strcmp(name, "--phase") && options.phase_count < MAX_PHASES) options.phases[options.phase_count++] = value;
    else return 0;
    return 1;
}

void parse_options(int count, char **words) {
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "--answer-braces")) options.answers_braces = 1;
        else if (!strcmp(words[i], "--answer-engine-io")) options.answers_engine_io = 1;
        else if (i + 1 == count) usage("an option without its value");
        else if (!parse_value(words[i], words[i + 1])) usage(words[i]);
        else i++;
    }
    if (options.viewers > MAX_VIEWERS || options.writers > MAX_WRITERS) usage("too many connections");
    if (options.kind == READS_GET && !options.path_count) usage("--write get needs --get-paths");
    if (options.body > REQUEST_SIZE / 2 - 1) usage("--body is too long");
}

size_t fill(char *out, size_t room, const char *template, const struct blanks *blanks) {
    static uint64_t run;
    if (!run) run = wall_ns();
    size_t length = 0;
    for (const char *c = template; *c && length + 1 < room;) {
        size_t left = room - length;
        #define BLANK(name, format, value) \
            if (!strncmp(c, name, sizeof name - 1)) { length += snprintf(out + length, left, format, value); c += sizeof name - 1; continue; }
        if (*c == '{') {
            BLANK("{token}", "%s", blanks->token)
            BLANK("{customer}", "%llu", (unsigned long long)blanks->customer)
            BLANK("{id}", "%llu", (unsigned long long)blanks->id)
            BLANK("{body}", "%s", blanks->body ? blanks->body : "")
            BLANK("{recover}", "%s", blanks->recover)
            if (!strncmp(c, "{uuid}", 6)) {
                length += snprintf(out + length, left, "%08x-%04x-4%03x-8000-%012llx", (unsigned)(run >> 32),
                                   (unsigned)(run >> 16) & 0xffff, (unsigned)(run >> 4) & 0xfff,
                                   (unsigned long long)blanks->id & 0xffffffffffffull);
                c += 6;
                continue;
            }
        }
        out[length++] = *c++;
    }
    if (length >= room) {
        fprintf(stderr, "wsload: a request is too long\n");
        exit(2);
    }
    out[length] = 0;
    return length;
}
