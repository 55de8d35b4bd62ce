/* Stands between the test binary and the C library: tells each call that changes files, and on request
 * refuses one, or kills the process before it, so that every point in a swap can be tried.
 *
 * FILE_STORE_TEST_AT is "fail" or "kill", a call and the end of a path: "kill rename .record"; or it is
 * "lose lock", which tells the locks, too, and deletes the first file that is to be locked. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int refused(const char *call, const char *path) {
    const char *at = getenv("FILE_STORE_TEST_AT");
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    char verb[16], what[16], end[64];
    dprintf(1, "\nchild: %s %s\n", call, name);
    if (!at || sscanf(at, "%15s %15s %63s", verb, what, end) != 3 || strcmp(what, call))
        return 0;
    if (strlen(name) < strlen(end) || strcmp(name + strlen(name) - strlen(end), end))
        return 0;
    if (!strcmp(verb, "kill"))
        kill(getpid(), SIGKILL);
    errno = EIO;
    return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *path_of(int file) {
    static __thread char path[PATH_MAX];
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    return path;
}

int fsync(int file) {
    return refused("fsync", path_of(file)) ? -1 : REAL(fsync)(file);
}

int flock(int file, int operation) {
    static int lost;
    const char *at = getenv("FILE_STORE_TEST_AT");
    if (at && !strcmp(at, "lose lock")) {
        refused(operation & LOCK_UN ? "unlock" : "lock", path_of(file));
        if (!lost++)
            unlink(path_of(file));
    }
    return REAL(flock)(file, operation);
}

int rename(const char *from, const char *to) {
    return refused("rename", to) ? -1 : REAL(rename)(from, to);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    return refused("link", to) ? -1 : REAL(linkat)(from_at, from, to_at, to, flags);
}

int mkdir(const char *path, mode_t mode) {
    return refused("mkdir", path) ? -1 : REAL(mkdir)(path, mode);
}
