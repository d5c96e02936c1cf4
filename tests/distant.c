/* A backend whose memory is not the host's: see distant.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/distant.h"

#include "core/base/error.h"
#include "core/graph/graph.h"

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

struct buffer {
    struct mcd_buffer base; /* host NULL */
    struct mcd_buffer *inner;
};

/* A value on its way: as it was when it was asked for. */
struct distant_fetch {
    struct distant_fetch *next;
    void *to;
    size_t bytes;
    unsigned char value[];
};

struct kernel {
    struct distant *owner;
    struct mcd_kernel inner;
};

static const struct mcd_backend *inner_api(const struct distant *d)
{
    return d->inner->plugin->api;
}

static size_t tensor_bytes(const struct mcd_tensor *t)
{
    return (size_t)mcd_tensor_count(t) * mcd_type_size(t->type);
}

/* The same tensor where it really is. */
static struct mcd_tensor inside(const struct mcd_tensor *t)
{
    struct mcd_tensor own = *t;
    if (t->buffer)
        own.buffer = ((struct buffer *)t->buffer)->inner;
    return own;
}

static void count(struct distant *d, uint64_t *calls, uint64_t *bytes, size_t n)
{
    pthread_mutex_lock(&d->lock);
    ++*calls;
    *bytes += n;
    pthread_mutex_unlock(&d->lock);
}

static void info(void *self, struct mcd_backend_info *i)
{
    struct distant *d = self;
    inner_api(d)->info(d->inner->self, i);
    i->rows = d->rows;
    i->devices = 1 + d->nothers;
}

static void *device(void *self, uint32_t i)
{
    struct distant *d = self;
    return i ? &d->others[i - 1] : d;
}

/* ---- memory ------------------------------------------------------------------------------ */

/* Takes memory, if there is enough of it. */
static int take_room(struct distant *d, size_t bytes)
{
    pthread_mutex_lock(&d->lock);
    int fits = !d->room || d->bytes + bytes <= d->room;
    if (fits)
        d->bytes += bytes;
    d->most_bytes = d->bytes > d->most_bytes ? d->bytes : d->most_bytes;
    pthread_mutex_unlock(&d->lock);
    return fits;
}

static void give_room(struct distant *d, size_t bytes)
{
    pthread_mutex_lock(&d->lock);
    d->bytes -= bytes;
    pthread_mutex_unlock(&d->lock);
}

static int alloc(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *error)
{
    struct distant *d = self;
    if (!take_room(d, bytes))
        return mcd_fail(error, MCD_NOMEM, "distant", "no room for %zu bytes", bytes);
    struct buffer *b = malloc(sizeof *b);
    int status = b ? inner_api(d)->alloc(d->inner->self, bytes, &b->inner, error)
                   : mcd_fail(error, MCD_NOMEM, "distant", "out of memory");
    if (status) {
        give_room(d, bytes);
        free(b);
        return status;
    }
    b->base = (struct mcd_buffer){.bytes = bytes};
    *buffer = &b->base;
    return MCD_OK;
}

static void release(void *self, struct mcd_buffer *buffer)
{
    struct distant *d = self;
    struct buffer *b = (struct buffer *)buffer;
    if (!b)
        return;
    give_room(d, b->base.bytes);
    inner_api(d)->release(d->inner->self, b->inner);
    free(b);
}

/* What was fetched arrives, or never does. */
static void arrive(struct distant *d, int whole)
{
    pthread_mutex_lock(&d->lock);
    while (d->pending) {
        struct distant_fetch *f = d->pending;
        d->pending = f->next;
        if (whole)
            memcpy(f->to, f->value, f->bytes);
        free(f);
    }
    pthread_mutex_unlock(&d->lock);
}

static int put(void *self, const struct mcd_tensor *to, const void *from, struct mcd_error *error)
{
    struct distant *d = self;
    struct mcd_tensor own = inside(to);
    count(d, &d->writes, &d->written, tensor_bytes(to));
    return inner_api(d)->write(d->inner->self, &own, from, error);
}

static int take(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    struct distant *d = self;
    struct mcd_tensor own = inside(from);
    count(d, &d->reads, &d->read, tensor_bytes(from));
    arrive(d, 1);
    return inner_api(d)->read(d->inner->self, &own, to, error);
}

static int fetch(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    struct distant *d = self;
    struct mcd_tensor own = inside(from);
    size_t bytes = tensor_bytes(from);
    struct distant_fetch *f = malloc(sizeof *f + bytes), **last = &d->pending;
    if (!f)
        return mcd_fail(error, MCD_NOMEM, "distant", "out of memory");
    *f = (struct distant_fetch){.to = to, .bytes = bytes};
    count(d, &d->fetches, &d->fetched, bytes);
    int status = inner_api(d)->read(d->inner->self, &own, f->value, error);
    uint64_t pending = 1;
    memset(to, 0xFF, bytes); /* whoever looks before it is there sees NaN */
    pthread_mutex_lock(&d->lock);
    for (; *last; last = &(*last)->next)
        pending++;
    *last = f;
    d->most_pending = pending > d->most_pending ? pending : d->most_pending;
    pthread_mutex_unlock(&d->lock);
    return status;
}

static int sync_all(void *self, struct mcd_error *error)
{
    struct distant *d = self;
    uint64_t none = 0;
    count(d, &d->syncs, &none, 0);
    int failed = d->fail_sync && --d->fail_sync == 0;
    arrive(d, !failed);
    return failed ? mcd_fail(error, MCD_DEVICE, "distant", "failed by request") : MCD_OK;
}

/* ---- kernels ----------------------------------------------------------------------------- */

static int run_inside(void *state, const struct mcd_step *step, const struct mcd_run *run,
                      struct mcd_error *error)
{
    struct kernel *k = state;
    struct mcd_step own = *step;
    struct mcd_tensor in[MCD_MAX_INPUTS];
    uint64_t none = 0;
    for (uint32_t i = 0; i < step->nin; i++)
        in[i] = inside(&step->in[i]);
    own.in = in;
    own.out = inside(&step->out);
    own.workspace = inside(&step->workspace);
    count(k->owner, &k->owner->runs[step->op], &none, 0);
    return k->inner.run(k->inner.state, &own, run, error);
}

static void release_kernel(void *state)
{
    struct kernel *k = state;
    if (k->inner.release)
        k->inner.release(k->inner.state);
    free(k);
}

static int kernel(void *self, const struct mcd_step *step, struct mcd_kernel *out,
                  struct mcd_error *error)
{
    struct distant *d = self;
    if (d->refuse_op && step->op == d->refuse_op)
        return mcd_fail(error, MCD_UNSUPPORTED, "distant", "refused by request");
    struct kernel *k = malloc(sizeof *k);
    if (!k)
        return mcd_fail(error, MCD_NOMEM, "distant", "out of memory");
    *k = (struct kernel){.owner = d};
    int status = inner_api(d)->kernel(d->inner->self, step, &k->inner, error);
    if (status) {
        free(k);
        return status;
    }
    *out = (struct mcd_kernel){
        .run = run_inside, .state = k, .release = release_kernel, .workspace = k->inner.workspace};
    return MCD_OK;
}

/* ---- making ------------------------------------------------------------------------------ */

void distant_create(struct distant *d, const struct mcd_item *inner)
{
    *d = (struct distant){.inner = inner, .plugin = *inner->plugin};
    pthread_mutex_init(&d->lock, NULL);
    d->api = (struct mcd_backend){.size = sizeof d->api,
                                  .info = info,
                                  .alloc = alloc,
                                  .release = release,
                                  .write = put,
                                  .read = take,
                                  .kernel = kernel,
                                  .sync = sync_all,
                                  .fetch = fetch,
                                  .device = device};
    d->plugin.name = "distant";
    d->plugin.api = &d->api;
    d->item = (struct mcd_item){.plugin = &d->plugin, .self = d, .spec = "distant"};
}

void distant_destroy(struct distant *d)
{
    arrive(d, 0);
    pthread_mutex_destroy(&d->lock);
}

void distant_forget(struct distant *d)
{
    d->writes = d->written = d->reads = d->read = d->fetches = d->fetched = d->syncs = 0;
    d->most_bytes = d->bytes;
    d->most_pending = 0;
    memset(d->runs, 0, sizeof d->runs);
}

/* ---- a network on it --------------------------------------------------------------------- */

void distant_network_open(struct distant_network *n, struct mcd_host *host, const char *model,
                          const char *inner, struct mcd_shape input, uint64_t seed)
{
    struct mcd_error e = {0};
    struct mcd_recording r;
    struct mcd_network *network = &n->network;
    *n = (struct distant_network){.network = {.host = host, .input = input}};
    assert_ok(mcd_item_open(host, MCD_BACKEND, inner, &n->inner, &e), e);
    distant_create(&n->distant, n->inner);
    network->backend = &n->distant.item;
    assert_ok(mcd_item_open(host, MCD_MODEL, model, &network->model, &e), e);
    assert_ok(mcd_model_recipe(network->model, &network->recipe, &e), e);
    assert_ok(mcd_store_create(host, network->backend, &network->store, &e), e);
    assert_ok(mcd_network_record(network, 1, &r, &e), e);
    assert_ok(mcd_store_init(network->store, r.graph, seed, &e), e);
    network->outputs = r.graph->node[r.y].shape.dim[0];
    mcd_graph_destroy(r.graph);
}

void distant_network_close(struct distant_network *n)
{
    mcd_store_destroy(n->network.store);
    mcd_item_close(n->network.host, n->network.model);
    assert_int_equal(n->distant.bytes, 0);
    distant_destroy(&n->distant);
    mcd_item_close(n->network.host, n->inner);
}
