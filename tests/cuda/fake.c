/* What all calls of the fake have in common: the lock, counting, failing, wrong uses, settings. */
#include "fake_inner.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

struct fake_state fake = {.devices = 1,
                          .driver = 13000,
                          .runtime = 13000,
                          .capability = {90, 90},
                          .memory = (size_t)1 << 30};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *calling; /* under the lock */
static _Thread_local cudaError_t last;

static struct {
    enum fake_failure how;
    unsigned long left;
    char hit[64]; /* what failed, "" for nothing: its name may go with a module */
} failure;

static int tolerated;
static char wrong[300];

/* ---- calls --------------------------------------------------------------------------------- */

/* 1 if this is the one that fails. */
static int is_due(const char *what)
{
    if (failure.left == 0 || --failure.left > 0)
        return 0;
    snprintf(failure.hit, sizeof failure.hit, "%s", what);
    return 1;
}

/* All of the runtime's calls make one on the thread's device, but for those that just ask. */
static int makes_context(const char *call)
{
    static const char *const asking[] = {"cudaGetDevice", "cudaDeviceGetAttribute", "cudaSetDevice",
                                         "cudaDriverGetVersion", "cudaRuntimeGetVersion"};
    int makes = strncmp(call, "cuda", 4) == 0;
    for (size_t i = 0; i < sizeof asking / sizeof *asking; i++)
        makes &= strncmp(call, asking[i], strlen(asking[i])) != 0;
    return makes;
}

/* The process that CUDA was first called in: it is of no use in children that are forked later. */
static pid_t user;

void fake_adopt(void)
{
    user = getpid();
}

cudaError_t fake_enter(const char *call)
{
    pthread_mutex_lock(&lock);
    calling = call;
    if (!user)
        fake_adopt();
    if (user != getpid())
        fake_wrong("CUDA was used before this process was forked");
    fake.counts.calls++;
    if (makes_context(call))
        fake.counts.contexts |= 1ul << fake_device();
    if (fake.sticky)
        return fake.sticky;
    fake_stir();
    if (failure.how == FAKE_NO_FAILURE || failure.how == FAKE_LATE || !is_due(call))
        return fake.sticky;
    if (failure.how == FAKE_STICKY)
        fake.sticky = cudaErrorLaunchFailure;
    return failure.how == FAKE_STICKY   ? fake.sticky
           : failure.how == FAKE_MEMORY ? cudaErrorMemoryAllocation
                                        : cudaErrorUnknown;
}

cudaError_t fake_leave_library(cudaError_t result)
{
    pthread_mutex_unlock(&lock);
    return result;
}

cudaError_t fake_leave(cudaError_t result)
{
    if (result)
        last = result;
    return fake_leave_library(result);
}

int fake_fails_late(const char *work)
{
    return failure.how == FAKE_LATE && is_due(work);
}

cudaError_t cudaPeekAtLastError(void)
{
    return last;
}

cudaError_t cudaGetLastError(void)
{
    cudaError_t e = last;
    pthread_mutex_lock(&lock);
    last = fake.sticky;
    pthread_mutex_unlock(&lock);
    return e;
}

/* ---- wrong uses ------------------------------------------------------------------------------ */

cudaError_t fake_wrong(const char *format, ...)
{
    char text[240];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!tolerated) {
        fprintf(stderr, "fake CUDA: %s: %s\n", calling, text);
        abort();
    }
    if (!*wrong)
        snprintf(wrong, sizeof wrong, "%s: %s", calling, text);
    return cudaErrorInvalidValue;
}

void fake_tolerate(int on)
{
    pthread_mutex_lock(&lock);
    tolerated = on;
    *wrong = '\0';
    pthread_mutex_unlock(&lock);
}

const char *fake_wrong_use(void)
{
    static char text[sizeof wrong];
    pthread_mutex_lock(&lock);
    memcpy(text, wrong, sizeof text);
    *wrong = '\0';
    pthread_mutex_unlock(&lock);
    return *text ? text : NULL;
}

/* ---- for tests ------------------------------------------------------------------------------- */

void fake_fail(enum fake_failure how, unsigned long k)
{
    pthread_mutex_lock(&lock);
    failure.how = k ? how : FAKE_NO_FAILURE;
    failure.left = k;
    *failure.hit = '\0';
    pthread_mutex_unlock(&lock);
}

const char *fake_recover(void)
{
    static char hit[sizeof failure.hit];
    pthread_mutex_lock(&lock);
    memcpy(hit, failure.hit, sizeof hit);
    failure.how = FAKE_NO_FAILURE;
    failure.left = 0;
    *failure.hit = '\0';
    if (fake.sticky)
        fake_forget_all();
    fake.sticky = last = cudaSuccess;
    pthread_mutex_unlock(&lock);
    return *hit ? hit : NULL;
}

struct fake_library fake_library(void)
{
    pthread_mutex_lock(&lock);
    struct fake_library library = fake.library;
    pthread_mutex_unlock(&lock);
    return library;
}

struct fake_counts fake_counts(void)
{
    pthread_mutex_lock(&lock);
    struct fake_counts counts = fake.counts;
    pthread_mutex_unlock(&lock);
    return counts;
}

long fake_live(void)
{
    long live = 0;
    pthread_mutex_lock(&lock);
    for (const struct fake_object *o = fake_first(); o; o = o->next)
        live++;
    pthread_mutex_unlock(&lock);
    return live;
}

/* SplitMix64. */
uint64_t fake_random(void)
{
    if (fake.order != FAKE_BY_CHANCE)
        return 0;
    uint64_t x = fake.chance += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

void *fake_dlopen(const char *name, int mode)
{
    Dl_info self;
    if (!strstr(name, "libcublasLt") && !strstr(name, "libcudnn"))
        return dlopen(name, mode);
    cudaError_t e = fake_leave(fake_enter(name));
    if (e || !dladdr(&lock, &self))
        self.dli_fname = "made to fail";                  /* so that dlerror says something */
    return dlopen(self.dli_fname, mode & ~RTLD_NODELETE); /* what is left is told when it goes */
}

/* ---- settings -------------------------------------------------------------------------------- */

static int set_order(const char *value)
{
    char *end;
    fake.order = strcmp(value, "lazy") == 0    ? FAKE_LAZY
                 : strcmp(value, "eager") == 0 ? FAKE_EAGER
                                               : FAKE_BY_CHANCE;
    if (fake.order != FAKE_BY_CHANCE)
        return 0;
    fake.chance = strtoull(value, &end, 10);
    return *value && !*end ? 0 : -1;
}

static int set_failure(const char *value)
{
    static const char *const hows[] = {"", "memory:", "refused:", "sticky:", "late:"};
    for (int how = FAKE_MEMORY; how <= FAKE_LATE; how++)
        if (strncmp(value, hows[how], strlen(hows[how])) == 0) {
            fake_fail((enum fake_failure)how, strtoul(value + strlen(hows[how]), NULL, 10));
            return 0;
        }
    return -1;
}

static int set_capability(const char *value)
{
    char *end;
    fake.capability[0] = fake.capability[1] = (int)strtol(value, &end, 10);
    if (*end == 'x')
        fake.capability[1] = (int)strtol(end + 1, &end, 10);
    return *value && !*end ? 0 : -1;
}

static int set_word(const char *name, const char *value)
{
    if (strcmp(name, "devices") == 0)
        fake.devices = atoi(value);
    else if (strcmp(name, "driver") == 0)
        fake.driver = atoi(value);
    else if (strcmp(name, "runtime") == 0)
        fake.runtime = atoi(value);
    else if (strcmp(name, "capability") == 0)
        return set_capability(value);
    else if (strcmp(name, "memory") == 0)
        fake.memory = strtoull(value, NULL, 10);
    else if (strcmp(name, "order") == 0)
        return set_order(value);
    else
        return strcmp(name, "fail") == 0 ? set_failure(value) : -1;
    return 0;
}

int fake_set(const char *words)
{
    char text[200], *rest = text, *word;
    int status = 0;
    snprintf(text, sizeof text, "%s", words);
    fake.counts.contexts = 0;
    while (status == 0 && (word = strtok_r(rest, " ,", &rest))) {
        char *equal = strchr(word, '=');
        if (equal)
            *equal = '\0';
        status = equal ? set_word(word, equal + 1) : -1;
    }
    return status;
}

/* ---- loading and unloading ------------------------------------------------------------------- */

__attribute__((constructor)) static void load(void)
{
    const char *words = getenv("MCDROP_FAKE_CUDA");
    if (words && fake_set(words) != 0) {
        fprintf(stderr, "fake CUDA: MCDROP_FAKE_CUDA: '%s' is not understood\n", words);
        abort();
    }
}

__attribute__((destructor)) static void unload(void)
{
    long live = fake_live();
    calling = "unloading";
    if (live > 0 && !tolerated)
        fake_wrong("%ld things were not given back, first one of kind %d", live,
                   (int)fake_first()->kind);
}
