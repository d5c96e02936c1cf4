/* Draws into a file. */
#include "core/network/draws.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/json.h"

#include <stdlib.h>

enum { MOST = 9 };

/* The file while it is put together; what had to be gathered is in one block of memory. */
struct draft {
    const struct mcd_draws_file *d;
    struct mcd_safetensor tensor[MOST];
    size_t count;
};

static void add(struct draft *f, const char *name, uint32_t type, uint32_t rank, const int64_t *dim,
                void *data)
{
    struct mcd_safetensor *t = &f->tensor[f->count++];
    *t = (struct mcd_safetensor){.name = name, .value = {.type = type, .rank = rank, .data = data}};
    for (uint32_t i = 0; i < rank; i++)
        t->value.dim[i] = dim[i];
}

/* What was reported of the transitions, field by field: three of doubles, then three of int32_t. */
static void add_transitions(struct draft *f, double *room)
{
    const struct mcd_draws_file *d = f->d;
    size_t n = (size_t)d->chains * d->draws;
    double *log_density = room, *energy = room + n, *accept = room + 2 * n;
    int32_t *steps = (int32_t *)(room + 3 * n), *depth = steps + n, *divergent = depth + n;
    const int64_t dim[] = {d->chains, d->draws};
    for (size_t i = 0; i < n; i++) {
        log_density[i] = d->each[i].log_density;
        energy[i] = d->each[i].energy;
        accept[i] = d->each[i].accept;
        steps[i] = (int32_t)d->each[i].steps;
        depth[i] = (int32_t)d->each[i].depth;
        divergent[i] = (int32_t)d->each[i].divergent;
    }
    add(f, "log_density", MCD_F64, 2, dim, log_density);
    add(f, "energy", MCD_F64, 2, dim, energy);
    add(f, "accept", MCD_F64, 2, dim, accept);
    add(f, "steps", MCD_I32, 2, dim, steps);
    add(f, "depth", MCD_I32, 2, dim, depth);
    add(f, "divergent", MCD_I32, 2, dim, divergent);
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* NULL for lack of memory. */
static char *metadata(const struct mcd_draws_file *d)
{
    json_t *names = json_array(), *exact = json_array();
    int failed = 0;
    for (uint32_t i = 0; i < d->dim; i++)
        failed |= json_array_append_new(names, json_string(d->names[i]));
    for (uint32_t i = 0; i < d->exacts; i++) {
        const struct mcd_exact *x = &d->exact[i];
        failed |= json_array_append_new(exact, json_pack("[s, s, o, o]", x->method, x->quantity,
                                                         text_or_null(x->statistic),
                                                         mcd_json_real(x->value)));
    }
    json_t *all = json_pack("{s:i, s:o, s:I, s:o}", "format", 1, "names", names, "max_depth",
                            (json_int_t)d->max_depth, "exact", exact);
    char *text = failed ? NULL : mcd_json_text(all, JSON_COMPACT | JSON_REAL_PRECISION(17), NULL);
    json_decref(all);
    return text;
}

static int write(const char *path, const struct mcd_draws_file *d, const char *run, char *own,
                 double *room, struct mcd_error *e)
{
    struct draft f = {.d = d};
    struct mcd_metadata entry[] = {{MCD_DRAWS_KEY, own}, {"mcdrop", run}};
    add(&f, "draws", MCD_F64, 3, (int64_t[]){d->chains, d->draws, d->dim}, d->q);
    add(&f, "x", MCD_F64, 2, (int64_t[]){d->rows, d->columns}, d->x);
    add(&f, "y", MCD_F64, 1, (int64_t[]){d->rows}, d->y);
    if (d->each)
        add_transitions(&f, room);
    struct mcd_safetensors file = {f.count, run ? 2 : 1, f.tensor, entry};
    return mcd_safetensors_write(path, &file, e);
}

int mcd_draws_write(const char *path, const struct mcd_draws_file *d, const char *run,
                    struct mcd_error *e)
{
    size_t n = d->each ? (size_t)d->chains * d->draws : 0;
    double *room = mcd_host_zalloc(d->host, n * 5 * sizeof *room, e);
    if (!room)
        return MCD_NOMEM;
    char *own = metadata(d);
    int status = own ? write(path, d, run, own, room, e)
                     : mcd_fail(e, MCD_NOMEM, path, "no memory for its metadata");
    free(own);
    d->host->release(d->host, room);
    return status;
}
