/* A disk that fails on demand, for one directory of one process (LD_PRELOAD).
 *
 * It stands between a process and libc for everything below a root: it is full, or cannot be written,
 * read or synced; it tears a write in two and the process with it; and it loses power. For that it remembers
 * what was changed since the last sync of each file and of each directory, and undoes all of it, newest
 * first, before it kills the process: the worst that POSIX allows. kill -9 alone never shows a forgotten
 * fsync, since the kernel keeps what was written.
 *
 * The driver sets the faults from outside, in a small file that both map (struct control, tests/campaign/
 * disk.py). Memory that is mapped (SQLite's -shm) is not seen; it is removed with the power, as SQLite
 * makes it anew.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum fault { NONE, FULL, WRITE_FAILS, SYNC_FAILS, READ_FAILS, TORN, POWER_CUT };
enum place { DATABASE = 1, JOURNAL = 2, BLOB = 4, SPOOL = 8 };

/* Strikes calls of the fault's kind on files of these places: the after-th from now on, so many times
 * (0: until cleared). */
struct control {
    int32_t fault, places, after, times;
    int64_t seen, struck;
};

/* One change that no sync has made durable yet. */
struct change {
    enum { WRITTEN, CREATED, REMOVED } kind;
    dev_t device;        /* of the file, or of the directory that has the name */
    ino_t inode;
    char path[512];      /* the file, or the name */
    char *old;           /* WRITTEN: the bytes that were there */
    size_t length;
    off_t offset, size;  /* WRITTEN: where, and how long the file was */
    long spare;          /* REMOVED: the hidden name that still has the bytes */
    struct change *older;
};

#define FILES 65536
static struct control none, *control = &none;
static char root[512];
static size_t root_length;
static char *paths[FILES];
static struct change *newest;
static long spares;
static pthread_mutex_t lock;

#define REAL(result, name, ...) \
    static result (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void prepare(void) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &attributes);
}

/* Begin for a root, with the control file that the driver has made. */
int disk_attach(const char *control_file, const char *wanted_root) {
    int file = open(control_file, O_RDWR | O_CLOEXEC);
    if (file < 0) return -1;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) return -1;
    control = mapped;
    snprintf(root, sizeof root, "%s/", wanted_root);
    root_length = strlen(root);
    return 0;
}

static const char *below(const char *path) {
    if (!root_length || !path || strncmp(path, root, root_length - 1)) return NULL;
    return path[root_length - 1] == '/' || !path[root_length - 1] ? path : NULL;
}

static const char *path_of(int fd) { return fd >= 0 && fd < FILES ? paths[fd] : NULL; }

static int place_of(const char *path) {
    size_t length = strlen(path);
    if (strstr(path + root_length - 1, "/blobs")) return BLOB;
    if (strstr(path + root_length - 1, "/spool")) return SPOOL;
    if (length > 4 && !strcmp(path + length - 4, "-wal")) return JOURNAL;
    if (length > 3 && !strcmp(path + length - 3, ".db")) return DATABASE;
    return 0;
}

static int is_due(int fault, const char *path) {
    if (control->fault != fault || !(control->places & place_of(path))) return 0;
    control->seen++;
    if (control->after > 0 && --control->after > 0) return 0;
    control->struck++;
    if (control->times > 0 && --control->times == 0) control->fault = NONE;
    return 1;
}

/* -- what is not durable ------------------------------------------------------------------------- */

static void remember(struct change change) {
    struct change *kept = malloc(sizeof change);
    *kept = change;
    kept->older = newest;
    newest = kept;
}

static void remember_name(int kind, const char *path, long spare) {
    struct change change = {.kind = kind, .spare = spare};
    char folder[512];
    struct stat found;
    snprintf(change.path, sizeof change.path, "%s", path);
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    if (stat(folder, &found) == 0) change.device = found.st_dev, change.inode = found.st_ino;
    remember(change);
}

static void remember_bytes(int fd, const char *path, off_t offset, size_t length) {
    REAL(ssize_t, pread64, int, void *, size_t, off64_t);
    struct stat found;
    if (fstat(fd, &found) || !S_ISREG(found.st_mode)) return;
    struct change change = {.kind = WRITTEN, .device = found.st_dev, .inode = found.st_ino,
                            .offset = offset, .size = found.st_size};
    snprintf(change.path, sizeof change.path, "%s", path);
    if (offset < found.st_size) {
        size_t there = found.st_size - offset < (off_t)length ? (size_t)(found.st_size - offset) : length;
        change.old = malloc(there);
        /* A file open for writing only cannot be read through its descriptor. */
        int reader = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = reader < 0 ? -1 : real_pread64(reader, change.old, there, offset);
        if (reader >= 0) close(reader);
        change.length = got < 0 ? 0 : (size_t)got;
    }
    remember(change);
}

static void forget_synced(int fd) {
    struct stat found;
    if (fstat(fd, &found)) return;
    for (struct change **link = &newest; *link;) {
        struct change *change = *link;
        int of_it = change->device == found.st_dev && change->inode == found.st_ino;
        if (of_it && (change->kind == WRITTEN) == !S_ISDIR(found.st_mode)) {
            char spare[600];
            snprintf(spare, sizeof spare, "%s.spare-%ld", root, change->spare);
            REAL(int, unlink, const char *);
            if (change->kind == REMOVED) real_unlink(spare);
            *link = change->older;
            free(change->old);
            free(change);
        } else {
            link = &change->older;
        }
    }
}

/* Lose the power: nothing that was not synced has ever happened. */
void disk_power_cut(void) {
    REAL(int, open64, const char *, int, ...);
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    REAL(int, unlink, const char *);
    REAL(int, link, const char *, const char *);
    REAL(int, ftruncate64, int, off64_t);
    char spare[600];
    pthread_mutex_lock(&lock);
    for (struct change *change = newest; change; change = change->older) {
        if (change->kind == CREATED) {
            if (real_unlink(change->path)) rmdir(change->path);
        } else if (change->kind == REMOVED) {
            snprintf(spare, sizeof spare, "%s.spare-%ld", root, change->spare);
            real_link(spare, change->path);
            real_unlink(spare);
        } else {
            int file = real_open64(change->path, O_WRONLY);
            if (file < 0) continue;
            if (change->length && real_pwrite64(file, change->old, change->length, change->offset) < 0) _exit(99);
            if (real_ftruncate64(file, change->size)) _exit(99);
            close(file);
        }
    }
    snprintf(spare, sizeof spare, "%slienthong.db-shm", root);
    real_unlink(spare);
    kill(getpid(), SIGKILL);
    pause();
}

static int no(int number) {
    pthread_mutex_unlock(&lock);
    errno = number;
    return -1;
}

/* Every call that changes something passes here first. */
static int fails_to_change(const char *path) {
    if (is_due(POWER_CUT, path)) disk_power_cut();
    return is_due(FULL, path);
}

/* -- the calls ----------------------------------------------------------------------------------- */

static void keep_path(int fd, const char *path) {
    if (fd < 0 || fd >= FILES) return;
    free(paths[fd]);
    paths[fd] = below(path) ? strdup(path) : NULL;
}

#define OPENING(name) \
int name(const char *path, int flags, ...) { \
    REAL(int, name, const char *, int, ...); \
    va_list rest; \
    va_start(rest, flags); \
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; \
    va_end(rest); \
    if (!below(path)) { \
        int fd = real_##name(path, flags, mode); \
        keep_path(fd, path); \
        return fd; \
    } \
    pthread_mutex_lock(&lock); \
    int is_new = flags & O_CREAT && access(path, F_OK); \
    if (is_new && fails_to_change(path)) return no(ENOSPC); \
    int fd = real_##name(path, flags, mode); \
    int number = errno; \
    keep_path(fd, path); \
    if (fd >= 0 && is_new) remember_name(CREATED, path, 0); \
    pthread_mutex_unlock(&lock); \
    errno = number; \
    return fd; \
}
OPENING(open)
OPENING(open64)

int close(int fd) {
    REAL(int, close, int);
    if (path_of(fd)) {
        pthread_mutex_lock(&lock);
        free(paths[fd]);
        paths[fd] = NULL;
        pthread_mutex_unlock(&lock);
    }
    return real_close(fd);
}

static ssize_t change_bytes(int fd, const void *bytes, size_t length, off64_t offset, int at_cursor) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    REAL(ssize_t, write, int, const void *, size_t);
    const char *path = path_of(fd);
    pthread_mutex_lock(&lock);
    if (fails_to_change(path)) return no(ENOSPC);
    if (is_due(WRITE_FAILS, path)) return no(EIO);
    if (is_due(TORN, path)) {
        real_pwrite64(fd, bytes, length / 2, offset);
        kill(getpid(), SIGKILL);
        pause();
    }
    remember_bytes(fd, path, offset, length);
    ssize_t written = at_cursor ? real_write(fd, bytes, length) : real_pwrite64(fd, bytes, length, offset);
    int number = errno;
    pthread_mutex_unlock(&lock);
    errno = number;
    return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (!path_of(fd)) return real_write(fd, bytes, length);
    int appends = fcntl(fd, F_GETFL) & O_APPEND;
    return change_bytes(fd, bytes, length, lseek(fd, 0, appends ? SEEK_END : SEEK_CUR), 1);
}

#define WRITING(name) \
ssize_t name(int fd, const void *bytes, size_t length, off64_t offset) { \
    REAL(ssize_t, name, int, const void *, size_t, off64_t); \
    return path_of(fd) ? change_bytes(fd, bytes, length, offset, 0) : real_##name(fd, bytes, length, offset); \
}
WRITING(pwrite)
WRITING(pwrite64)

#define READING(name, parameters, arguments) \
ssize_t name parameters { \
    REAL(ssize_t, name, int, ...); \
    const char *path = path_of(fd); \
    if (path) { \
        pthread_mutex_lock(&lock); \
        if (is_due(READ_FAILS, path)) return no(EIO); \
        pthread_mutex_unlock(&lock); \
    } \
    return real_##name arguments; \
}
READING(read, (int fd, void *bytes, size_t length), (fd, bytes, length))
READING(pread, (int fd, void *bytes, size_t length, off64_t offset), (fd, bytes, length, offset))
READING(pread64, (int fd, void *bytes, size_t length, off64_t offset), (fd, bytes, length, offset))

#define SYNCING(name) \
int name(int fd) { \
    REAL(int, name, int); \
    const char *path = path_of(fd); \
    if (!path) return real_##name(fd); \
    pthread_mutex_lock(&lock); \
    if (is_due(POWER_CUT, path)) disk_power_cut(); \
    if (is_due(SYNC_FAILS, path)) return no(EIO); \
    forget_synced(fd); /* for this disk it is durable: the real one need not spin for a test */ \
    pthread_mutex_unlock(&lock); \
    return 0; \
}
SYNCING(fsync)
SYNCING(fdatasync)

#define CUTTING(name) \
int name(int fd, off64_t size) { \
    REAL(int, name, int, off64_t); \
    const char *path = path_of(fd); \
    struct stat found; \
    if (!path) return real_##name(fd, size); \
    pthread_mutex_lock(&lock); \
    if (is_due(POWER_CUT, path)) disk_power_cut(); \
    if (fstat(fd, &found) == 0 && size < found.st_size) remember_bytes(fd, path, size, found.st_size - size); \
    else if (is_due(FULL, path)) return no(ENOSPC); \
    else remember_bytes(fd, path, size, 0); \
    pthread_mutex_unlock(&lock); \
    return real_##name(fd, size); \
}
CUTTING(ftruncate)
CUTTING(ftruncate64)

static int name_anew(int result, const char *path) {
    int number = errno;
    if (result == 0) remember_name(CREATED, path, 0);
    pthread_mutex_unlock(&lock);
    errno = number;
    return result;
}

int link(const char *from, const char *to) {
    REAL(int, link, const char *, const char *);
    if (!below(to)) return real_link(from, to);
    pthread_mutex_lock(&lock);
    if (fails_to_change(to)) return no(ENOSPC);
    return name_anew(real_link(from, to), to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int);
    if (!below(to)) return real_linkat(from_folder, from, to_folder, to, flags);
    pthread_mutex_lock(&lock);
    if (fails_to_change(to)) return no(ENOSPC);
    return name_anew(real_linkat(from_folder, from, to_folder, to, flags), to);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    if (!below(path)) return real_mkdir(path, mode);
    pthread_mutex_lock(&lock);
    if (fails_to_change(path)) return no(ENOSPC);
    return name_anew(real_mkdir(path, mode), path);
}

int unlink(const char *path) {
    REAL(int, unlink, const char *);
    REAL(int, link, const char *, const char *);
    if (!below(path) || !place_of(path)) return real_unlink(path);
    pthread_mutex_lock(&lock);
    if (is_due(POWER_CUT, path)) disk_power_cut();
    char spare[600];
    snprintf(spare, sizeof spare, "%s.spare-%ld", root, ++spares);
    int is_spared = real_link(path, spare) == 0;
    int result = real_unlink(path), number = errno;
    if (is_spared && result == 0) remember_name(REMOVED, path, spares);
    pthread_mutex_unlock(&lock);
    errno = number;
    return result;
}
