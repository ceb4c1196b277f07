// Copyright 2026 The emotion_recognition authors
//
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
//     http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

/* Preloaded into a process: adds to its system clock what a file says, in nanoseconds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *ahead_ns;

__attribute__((constructor)) static void open_file(void) {
  const char *path = getenv("SYSTEM_CLOCK_AHEAD");
  int file = path ? open(path, O_RDONLY) : -1;
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) ahead_ns = mapped;
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && ahead_ns && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t total = now->tv_sec * 1000000000LL + now->tv_nsec + *ahead_ns;
    now->tv_sec = total / 1000000000LL;
    now->tv_nsec = total % 1000000000LL;
  }
  return result;
}

int gettimeofday(struct timeval *now, void *zone) {
  struct timespec precise;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  (void)zone;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return result;
}

time_t time(time_t *now) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (now) *now = precise.tv_sec;
  return precise.tv_sec;
}

/* The kernel waits by its own clock. What lies before 2001 is a time of the monotonic clock. */
static struct timespec by_kernel(const struct timespec *until) {
  struct timespec moved = *until;
  if (ahead_ns && until->tv_sec > 1000000000) {
    int64_t total = until->tv_sec * 1000000000LL + until->tv_nsec - *ahead_ns;
    moved.tv_sec = total / 1000000000LL;
    moved.tv_nsec = total % 1000000000LL;
  }
  return moved;
}

int pthread_cond_timedwait(pthread_cond_t *changed, pthread_mutex_t *lock,
                           const struct timespec *until) {
  static int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  struct timespec moved = by_kernel(until);
  if (!wait) *(void **)&wait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  if (!wait) *(void **)&wait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  return wait(changed, lock, &moved);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
  static int (*wait)(sem_t *, const struct timespec *);
  struct timespec moved = by_kernel(until);
  if (!wait) *(void **)&wait = dlsym(RTLD_NEXT, "sem_timedwait");
  return wait(semaphore, &moved);
}

int pthread_mutex_timedlock(pthread_mutex_t *lock, const struct timespec *until) {
  static int (*wait)(pthread_mutex_t *, const struct timespec *);
  struct timespec moved = by_kernel(until);
  if (!wait) *(void **)&wait = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
  return wait(lock, &moved);
}
