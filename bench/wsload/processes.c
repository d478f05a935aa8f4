/* What processes and cores have used, from /proc. */
#include "wsload.h"
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_PROCESSES 4096

struct process { int pid, parent; double own, ended; };

static struct process all[MAX_PROCESSES];

static int read_all(void) {
    int count = 0;
    double tick = sysconf(_SC_CLK_TCK);
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    while (folder && (entry = readdir(folder)) && count < MAX_PROCESSES) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        char name[300], text[2048];
        snprintf(name, sizeof name, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(name, "r");
        if (!file) continue;
        size_t length = fread(text, 1, sizeof text - 1, file);
        fclose(file);
        text[length] = 0;
        char *fields = strrchr(text, ')');
        unsigned long long user, system, ended_user, ended_system;
        struct process *process = &all[count];
        if (!fields || sscanf(fields + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu",
                              &process->parent, &user, &system, &ended_user, &ended_system) != 5) continue;
        process->pid = atoi(entry->d_name);
        process->own = (user + system) / tick;
        process->ended = (ended_user + ended_system) / tick;
        count++;
    }
    if (folder) closedir(folder);
    return count;
}

/* The tree below `root`, as indexes into `all`. */
static int tree_of(int root, int count, int *members) {
    int found = 0;
    for (int i = 0; i < count; i++) if (all[i].pid == root) members[found++] = i;
    for (int m = 0; m < found; m++)
        for (int i = 0; i < count; i++)
            if (all[i].parent == all[members[m]].pid && all[i].pid != root) members[found++] = i;
    return found;
}

double tree_cpu_s(int root) {
    static int members[MAX_PROCESSES];
    int found = tree_of(root, read_all(), members);
    double sum = 0;
    for (int m = 0; m < found; m++) sum += all[members[m]].own + all[members[m]].ended;
    return sum;
}

long tree_rss_kib(int root) {
    static int members[MAX_PROCESSES];
    int found = tree_of(root, read_all(), members);
    long sum = 0;
    for (int m = 0; m < found; m++) {
        char name[64], line[256];
        snprintf(name, sizeof name, "/proc/%d/status", all[members[m]].pid);
        FILE *file = fopen(name, "r");
        while (file && fgets(line, sizeof line, file)) if (!strncmp(line, "VmRSS:", 6)) sum += atol(line + 6);
        if (file) fclose(file);
    }
    return sum;
}

double core_busy_s(int core) {
    char wanted[16], line[512];
    snprintf(wanted, sizeof wanted, core < 0 ? "cpu " : "cpu%d ", core);
    FILE *file = fopen("/proc/stat", "r");
    double busy = 0;
    while (file && fgets(line, sizeof line, file)) {
        unsigned long long user, nice, system, idle, wait, irq, soft;
        if (strncmp(line, wanted, strlen(wanted))) continue;
        sscanf(line + strlen(wanted), "%llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq, &soft);
        busy = (user + nice + system + irq + soft) / (double)sysconf(_SC_CLK_TCK);
    }
    if (file) fclose(file);
    return busy;
}

double own_cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}
