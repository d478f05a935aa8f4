#include "wsload.h"
#include <time.h>

uint64_t wall_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}

double monotonic_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

uint64_t parse_timestamp(const char *text, size_t length) {
    if (length < 27 || text[10] != 'T' || text[19] != '.') return 0;
    struct tm day = {0};
    unsigned micros;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%6u", &day.tm_year, &day.tm_mon, &day.tm_mday, &day.tm_hour, &day.tm_min,
               &day.tm_sec, &micros) != 7) return 0;
    day.tm_year -= 1900;
    day.tm_mon -= 1;
    return (uint64_t)timegm(&day) * 1000000000ull + micros * 1000ull;
}
