/* Faults of the disk inside a program that knows nothing of them: a library to
 * preload. It counts the program's syncs and writes below one folder and, at
 * the one it is told, kills the process, fails the call, or cuts it short.
 *
 *   VOUCH_FAULT_ROOT=/w  VOUCH_FAULT_PLAN=/w.plan  LD_PRELOAD=fsync_kill.so …
 *
 * The plan is a file of struct Plan, mapped and shared: whoever wrote it may
 * change it while the program runs, and reads the counts when it is dead.
 *
 * With VOUCH_FAULT_SHADOW=DIR it also keeps what a power failure would leave:
 * of each file the bytes of its last successful sync, of each folder the names
 * of its last one. DIR/files/KEY are bytes, DIR/folders/KEY is a line with the
 * folder's path below the root, then "f KEY NAME" or "d KEY NAME" a line; a KEY
 * is inode and time of birth, since inodes are used again. What was there when
 * the program started counts as synced. blackbox.py puts it back together.
 *
 * Threads: any; one lock over syncs and writes below the root. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum Action {
  kNothing = 0,
  kKillBefore = 1, /* before the call does anything */
  kKillAfter = 2,  /* when it has done all of it */
  kFail = 3,       /* -1 with `error` */
  kShort = 4,      /* writes: half of the bytes, and says so */
  kTornKill = 5,   /* writes: half of the bytes, then killed */
};

/* In the order of blackbox.py's Plan. */
struct Plan {
  _Atomic int64_t syncs;   /* so far */
  _Atomic int64_t writes;  /* so far */
  _Atomic int64_t sync_at; /* which one; 0: none */
  _Atomic int64_t sync_action;
  _Atomic int64_t write_at;
  _Atomic int64_t write_action;
  _Atomic int64_t error;   /* an errno */
  _Atomic int64_t forever; /* that one and all later ones */
  _Atomic int64_t done;    /* faults so far */
};

enum { kPathMax = 4096, kKeyMax = 64, kCopyBytes = 1 << 16 };

static struct Plan* plan;
static char root[kPathMax];
static char shadow[kPathMax];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void* Next(const char* name) { return dlsym(RTLD_NEXT, name); }

static void Die(void) {
  kill(getpid(), SIGKILL);
  while (1) pause();
}

/* True if the descriptor is of something at or below the root. */
static int Concerns(int file, char* path) {
  char link[64];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, kPathMax - 1);
  if (size <= 0) return 0;
  path[size] = '\0';
  const size_t length = strlen(root);
  return strncmp(path, root, length) == 0 &&
         (path[length] == '/' || path[length] == '\0');
}

static int KeyOf(int folder, const char* name, char* key, int* is_folder) {
  struct statx about;
  const int flags = AT_SYMLINK_NOFOLLOW | (name[0] == '\0' ? AT_EMPTY_PATH : 0);
  if (statx(folder, name, flags, STATX_TYPE | STATX_INO | STATX_BTIME,
            &about) != 0) {
    return 0;
  }
  *is_folder = S_ISDIR(about.stx_mode);
  snprintf(key, kKeyMax, "%llu-%lld.%u", (unsigned long long)about.stx_ino,
           (long long)about.stx_btime.tv_sec, about.stx_btime.tv_nsec);
  return *is_folder || S_ISREG(about.stx_mode);
}

static int OpenKept(const char* kind, const char* key, char* made, char* path) {
  snprintf(path, 2 * kPathMax, "%s/%s/%s", shadow, kind, key);
  snprintf(made, 2 * kPathMax, "%s.new", path);
  return open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static void WriteAll(int file, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t n = syscall(SYS_write, file, bytes, size);
    if (n <= 0) abort(); /* the shadow's own disk is not under test */
    bytes += n;
    size -= (size_t)n;
  }
}

static void KeepFile(const char* path, const char* key) {
  char made[2 * kPathMax], kept[2 * kPathMax], block[kCopyBytes];
  const int from = open(path, O_RDONLY | O_CLOEXEC);
  if (from < 0) return; /* has no name any more */
  const int to = OpenKept("files", key, made, kept);
  ssize_t n;
  while ((n = read(from, block, sizeof(block))) > 0) {
    WriteAll(to, block, (size_t)n);
  }
  close(from);
  close(to);
  rename(made, kept);
}

static void KeepFolder(const char* path, const char* key) {
  char made[2 * kPathMax], kept[2 * kPathMax], line[kPathMax + kKeyMax + 8];
  DIR* folder = opendir(path);
  if (folder == NULL) return;
  const int to = OpenKept("folders", key, made, kept);
  const char* below = path + strlen(root);
  WriteAll(to, below, strlen(below));
  WriteAll(to, "\n", 1);
  struct dirent* entry;
  while ((entry = readdir(folder)) != NULL) {
    char child[kKeyMax];
    int is_folder = 0;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
      continue;
    }
    if (!KeyOf(dirfd(folder), entry->d_name, child, &is_folder)) continue;
    const int n = snprintf(line, sizeof(line), "%c %s %s\n",
                           is_folder ? 'd' : 'f', child, entry->d_name);
    WriteAll(to, line, (size_t)n);
  }
  closedir(folder);
  close(to);
  rename(made, kept);
}

static void Keep(int file, const char* path) {
  char key[kKeyMax];
  int is_folder = 0;
  if (shadow[0] == '\0' || !KeyOf(file, "", key, &is_folder)) return;
  is_folder ? KeepFolder(path, key) : KeepFile(path, key);
}

static int KeepVisited(const char* path, const struct stat* about, int type,
                       struct FTW* where) {
  (void)about, (void)type, (void)where;
  char key[kKeyMax];
  int is_folder = 0;
  if (!KeyOf(AT_FDCWD, path, key, &is_folder)) return 0;
  is_folder ? KeepFolder(path, key) : KeepFile(path, key);
  return 0;
}

__attribute__((constructor)) static void Start(void) {
  const char* at = getenv("VOUCH_FAULT_ROOT");
  const char* file = getenv("VOUCH_FAULT_PLAN");
  const char* kept = getenv("VOUCH_FAULT_SHADOW");
  if (at == NULL || file == NULL || realpath(at, root) == NULL) return;
  const int opened = open(file, O_RDWR | O_CLOEXEC);
  if (opened < 0) return;
  void* mapped = mmap(NULL, sizeof(struct Plan), PROT_READ | PROT_WRITE,
                      MAP_SHARED, opened, 0);
  close(opened);
  if (mapped == MAP_FAILED) return;
  if (kept != NULL) {
    snprintf(shadow, sizeof(shadow), "%s", kept);
    nftw(root, KeepVisited, 16, FTW_PHYS);
  }
  plan = mapped;
}

/* What is to be done to the call that is counted here. */
static int ActionOf(_Atomic int64_t* count, _Atomic int64_t* at,
                    _Atomic int64_t* action) {
  const int64_t number = ++*count;
  if (*at == 0 || number < *at || (number > *at && !plan->forever)) {
    return kNothing;
  }
  ++plan->done;
  return (int)*action;
}

static int Fail(void) {
  errno = (int)plan->error;
  return -1;
}

/* fsync and fdatasync. */
static int Synced(int file, int (*next)(int)) {
  char path[kPathMax];
  if (plan == NULL || !Concerns(file, path)) return next(file);
  pthread_mutex_lock(&mutex);
  const int action = ActionOf(&plan->syncs, &plan->sync_at, &plan->sync_action);
  if (action == kKillBefore) Die();
  int result = -1;
  if (action == kFail) {
    Fail();
  } else {
    result = next(file);
    if (result == 0) Keep(file, path);
  }
  if (action == kKillAfter) Die();
  pthread_mutex_unlock(&mutex);
  return result;
}

int fsync(int file) { return Synced(file, Next("fsync")); }
int fdatasync(int file) { return Synced(file, Next("fdatasync")); }

/* These start or hint at writing; they make nothing durable, but are moments
 * to die at. */
static void Passed(int before) {
  static _Thread_local int action;
  if (before) {
    action = ActionOf(&plan->syncs, &plan->sync_at, &plan->sync_action);
    if (action == kKillBefore) Die();
  } else if (action == kKillAfter) {
    Die();
  }
}

int sync_file_range(int file, off64_t at, off64_t size, unsigned int flags) {
  int (*next)(int, off64_t, off64_t, unsigned int) = Next("sync_file_range");
  char path[kPathMax];
  if (plan == NULL || !Concerns(file, path)) return next(file, at, size, flags);
  Passed(1);
  const int result = next(file, at, size, flags);
  Passed(0);
  return result;
}

int msync(void* at, size_t size, int flags) {
  int (*next)(void*, size_t, int) = Next("msync");
  if (plan == NULL) return next(at, size, flags);
  Passed(1);
  const int result = next(at, size, flags);
  Passed(0);
  return result;
}

/* How many of `size` bytes the call may write; -1: it fails. */
static ssize_t Admit(int file, size_t size, int* action) {
  char path[kPathMax];
  *action = kNothing;
  if (plan == NULL || !Concerns(file, path)) return (ssize_t)size;
  *action = ActionOf(&plan->writes, &plan->write_at, &plan->write_action);
  if (*action == kKillBefore) Die();
  if (*action == kFail) return Fail();
  const int cut = *action == kShort || *action == kTornKill;
  return (ssize_t)(cut && size > 1 ? size / 2 : size);
}

static ssize_t Written(ssize_t result, int action) {
  if (action == kKillAfter || action == kTornKill) Die();
  return result;
}

ssize_t write(int file, const void* bytes, size_t size) {
  ssize_t (*next)(int, const void*, size_t) = Next("write");
  int action;
  const ssize_t admitted = Admit(file, size, &action);
  if (admitted < 0) return -1;
  return Written(next(file, bytes, (size_t)admitted), action);
}

static ssize_t WrittenAt(int file, const void* bytes, size_t size, off64_t at,
                         const char* name) {
  ssize_t (*next)(int, const void*, size_t, off64_t) = Next(name);
  int action;
  const ssize_t admitted = Admit(file, size, &action);
  if (admitted < 0) return -1;
  return Written(next(file, bytes, (size_t)admitted, at), action);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  return WrittenAt(file, bytes, size, at, "pwrite");
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  return WrittenAt(file, bytes, size, at, "pwrite64");
}
