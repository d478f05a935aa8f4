#include "wsload.h"

void histogram_add(struct histogram *histogram, uint64_t ns) {
    uint64_t us = ns / 1000;
    int bucket = us;
    if (us >= SUB_BUCKETS) {
        int exponent = 63 - __builtin_clzll(us);
        bucket = (exponent - 5) * SUB_BUCKETS + ((us >> (exponent - 6)) & (SUB_BUCKETS - 1));
    }
    if (bucket >= BUCKETS) bucket = BUCKETS - 1;
    histogram->buckets[bucket]++;
    histogram->count++;
    if (us > histogram->max) histogram->max = us;
}

void histogram_clear(struct histogram *histogram) { memset(histogram, 0, sizeof *histogram); }

static double middle(int bucket) {
    if (bucket < SUB_BUCKETS) return bucket + 0.5;
    int exponent = bucket / SUB_BUCKETS + 5;
    uint64_t low = (1ull << exponent) | ((uint64_t)(bucket & (SUB_BUCKETS - 1)) << (exponent - 6));
    return low + (1ull << (exponent - 6)) / 2.0;
}

static double percentile(const struct histogram *histogram, double share) {
    uint64_t wanted = histogram->count * share, seen = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen > wanted) return middle(bucket);
    }
    return histogram->max;
}

void histogram_print(const struct histogram *histogram) {
    printf("{\"count\":%llu", (unsigned long long)histogram->count);
    if (histogram->count)
        printf(",\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f,\"max\":%llu", percentile(histogram, .5),
               percentile(histogram, .9), percentile(histogram, .99), (unsigned long long)histogram->max);
    printf("}");
}
