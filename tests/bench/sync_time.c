/* Makes every sync of a process take SYNC_US microseconds and do nothing else: a disk as slow as one wants. Counts them
   in the first eight bytes of the file SYNC_COUNT. Preloaded (LD_PRELOAD) by tests/bench/slow_disk.py. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static long *count = NULL;

__attribute__((constructor)) static void open_count(void) {
    const char *path = getenv("SYNC_COUNT");
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0) {
        return;
    }
    void *page = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    count = page == MAP_FAILED ? NULL : page;
    close(file);
}

static int wait_as_long(void) {
    const char *text = getenv("SYNC_US");
    long us = text ? atol(text) : 0;
    struct timespec left = {us / 1000000, (us % 1000000) * 1000};
    if (count) {
        __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
    }
    while (nanosleep(&left, &left) != 0) {
    }
    return 0;
}

int fsync(int file) { (void)file; return wait_as_long(); }
int fdatasync(int file) { (void)file; return wait_as_long(); }
