/*
 * A plugin: one shared object with one item in it, described by one constant symbol.
 *
 * The file's name is the item's name: layers/linear.so, samplers/bernoulli.so, models/lenet.so,
 * backends/openblas.so. The object exports `mcd_entry` and nothing else, needs no library of
 * mcdrop's to link against (everything comes in through `struct mcd_host` and the vtables), and
 * builds with
 *
 *     cc -shared -fPIC $(pkg-config --cflags mcdrop) -o linear.so linear.c -lm
 *
 * doc/plugins.md, installed beside examples/, writes one of each kind; `mcdrop new` starts another,
 * and `mcdrop check` tries whether it keeps what these headers ask for.
 *
 * A plugin never prints, exits, aborts or changes the process (locale, signals, environment).
 */
#ifndef MCDROP_PLUGIN_H
#define MCDROP_PLUGIN_H

#include <mcdrop/error.h>
#include <mcdrop/param.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Version of this interface, major << 16 | minor. Minor versions append fields to structs that
 * carry their size, ops with their attributes, and nothing else (tests/fixtures/abi-1.0.txt holds
 * them to it), so that a plugin built for an earlier one goes on working; a plugin of another major
 * version, or of a newer minor one, is refused before any of its functions is called.
 *
 * 1.1: MCD_OP_CUSTOM, functions of a layer's own; batch, nat, state and track of mcd_graph, for
 * layers that learn otherwise than by weights or depend on the size of a training set; MCD_OP_FUSED
 * with nparts and part of mcd_step, chains that a backend may compute as one step; MCD_OP_GATHER
 * with mcd_run.first_place, MCD_OP_CHANNELS, MCD_OP_MOMENTS and MCD_OP_SUMS with first_pass, joined
 * and summed of mcd_run, mcd_backend_info.rows and devices, section, fetch and device of
 * mcd_backend, for devices whose memory is not the host's; mcd_step.scheduled and
 * mcd_run.rate_factor, for learning rates that change.
 */
#define MCD_ABI_MAJOR 1u
#define MCD_ABI_MINOR 1u
#define MCD_ABI       (MCD_ABI_MAJOR << 16 | MCD_ABI_MINOR)

enum mcd_plugin_kind { MCD_LAYER = 1, MCD_SAMPLER, MCD_MODEL, MCD_BACKEND };

enum mcd_log_level { MCD_LOG_WARNING = 1, MCD_LOG_INFO, MCD_LOG_DEBUG };

/*
 * What the core does for a plugin. One host lives as long as any object created with it, so a
 * constructor may keep the pointer. All functions may be called from any thread.
 */
struct mcd_host {
    uint32_t size, abi;
    uint32_t workers; /* most threads that one `parallel` uses; at least 1 */

    /*
     * Memory aligned to 64 bytes, not cleared, the caller's until it is released through the same
     * host; NULL if there is none. 0 bytes give a pointer that is to be released, too.
     */
    void *(*alloc)(const struct mcd_host *, size_t bytes);
    void (*release)(const struct mcd_host *, void *); /* NULL is fine */

    /* One line for the user's log, without a newline; longer than 1023 bytes it is cut. */
    void (*log)(const struct mcd_host *, int level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

    /*
     * Records a failure, unless one is recorded already or the error is NULL, and returns `status`
     * in any case. `where` names the parameter, op or file; the text says what was wrong and what
     * would be right. Both are copied, and cut where they are too long.
     */
    int (*fail)(struct mcd_error *, int status, const char *where, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

    /*
     * Calls f(arg, i, worker) for i = 0 .. count - 1, in any order, on the core's threads and
     * returns when all are done; what f wrote is visible then. It cannot fail: f keeps its own
     * status in arg. Within this call, calls with the same `worker` (below `workers`) never
     * overlap, so it may index scratch memory that belongs to the call. Inside another parallel
     * section everything runs on the calling thread, as worker 0. Sections of several threads may
     * be open at a time. Results must not depend on which worker runs which i: cut work by its
     * shape, never by the number of workers.
     */
    void (*parallel)(const struct mcd_host *, uint32_t count,
                     void (*f)(void *arg, uint32_t i, uint32_t worker), void *arg);
};

/* First parameters of every constructor; the list's own follow: see param.h. */
#define MCD_CREATE_ARGS const struct mcd_host *host, void **self, struct mcd_error *error

/*
 * The descriptor. `create` is an int-returning function (enum mcd_status) of MCD_CREATE_ARGS and
 * the parameters in table order; it sets *self (NULL is allowed for an item without state) and
 * on failure leaves nothing behind and says why through host->fail. It may be called several times,
 * from several threads at once, one object a call. It is stored without its type because the type
 * is the plugin's own; the core calls it through libffi. `destroy` ends one object, after the last
 * call of its api has returned. Everything here is constant and lives as long as the plugin; only
 * destroy may be NULL.
 */
struct mcd_plugin {
    uint32_t abi, size, kind;       /* MCD_ABI, sizeof(struct mcd_plugin), enum mcd_plugin_kind */
    const char *name;               /* the file's name without .so */
    const char *version;            /* the plugin's own */
    const char *licence;            /* SPDX identifier */
    const char *help;               /* one line */
    const struct mcd_param *params; /* ends with MCD_PARAM_END */
    void (*create)(void);
    void (*destroy)(const struct mcd_host *, void *self); /* NULL if there is nothing to do */
    const void *api; /* struct mcd_layer, mcd_sampler, mcd_model or mcd_backend, by kind */
};

/* For constructors: an object of `bytes`, cleared, set as *self; NULL with the error recorded. */
static inline void *mcd_self_create(const struct mcd_host *host, size_t bytes, void **self,
                                    struct mcd_error *error)
{
    void *object = host->alloc(host, bytes);
    if (!object) {
        host->fail(error, MCD_NOMEM, "memory", "%zu bytes are not to be had", bytes);
        return NULL;
    }
    memset(object, 0, bytes);
    *self = object;
    return object;
}

/* The destroy of an object that owns nothing but itself. */
static inline void mcd_self_destroy(const struct mcd_host *host, void *self)
{
    host->release(host, self);
}

#if defined __GNUC__
#define MCD_EXPORT __attribute__((visibility("default")))
#else
#define MCD_EXPORT
#endif

/* Every plugin defines this one. */
extern MCD_EXPORT const struct mcd_plugin mcd_entry;

/*
 * The usual way to define it, as the last line of a plugin with `params`, `create`, `api`. What is
 * declared above is exported, also with -fvisibility=hidden and in C++.
 */
#define MCD_PLUGIN(kind, name, licence, help, destroy)                                             \
    const struct mcd_plugin mcd_entry = {                                                          \
        MCD_ABI, sizeof(struct mcd_plugin), kind,    name, MCD_PLUGIN_VERSION, licence, help,      \
        params,  (void (*)(void))create,    destroy, &api}

#ifndef MCD_PLUGIN_VERSION
#define MCD_PLUGIN_VERSION "1.0"
#endif

#ifdef __cplusplus
}
#endif
#endif
