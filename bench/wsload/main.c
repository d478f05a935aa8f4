#include "wsload.h"
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>

int main(int count, char **words) {
    signal(SIGPIPE, SIG_IGN);
    parse_options(count, words);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    poller = epoll_create1(EPOLL_CLOEXEC);
    run_phases();
    return 0;
}
