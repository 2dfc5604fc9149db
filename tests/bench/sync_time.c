/* Makes every sync of a process take SYNC_US microseconds and do nothing else: a disk as slow as one wants.
   Preloaded (LD_PRELOAD) by tests/bench/slow_disk.py. */
#include <stdlib.h>
#include <time.h>

static int wait_as_long(void) {
    const char *text = getenv("SYNC_US");
    long us = text ? atol(text) : 0;
    struct timespec left = {us / 1000000, (us % 1000000) * 1000};
    while (nanosleep(&left, &left) != 0) {
    }
    return 0;
}

int fsync(int file) { (void)file; return wait_as_long(); }
int fdatasync(int file) { (void)file; return wait_as_long(); }
