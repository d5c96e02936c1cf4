/* Draws from a file: judged like any foreign file, and copied. */
#include "core/network/draws.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/json.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The file that is being read. */
struct reader {
    const struct mcd_safetensors *file;
    const char *path;
    struct mcd_draws_file *d;
    struct mcd_error *e;
};

#define REFUSE(r, ...) mcd_fail((r)->e, MCD_INVALID, mcd_place_file((r)->path).text, __VA_ARGS__)

/* ---- metadata ---------------------------------------------------------------------------- */

static int read_names(struct reader *r, const json_t *names)
{
    struct mcd_draws_file *d = r->d;
    size_t n = json_array_size(names);
    if (n < 1 || n > MCD_MAX_QUANTITIES)
        return REFUSE(r, "metadata '%s': expected the names of 1 to %d quantities", MCD_DRAWS_KEY,
                      MCD_MAX_QUANTITIES);
    d->names = mcd_host_zalloc(d->host, n * sizeof *d->names, r->e);
    if (!d->names)
        return MCD_NOMEM;
    d->dim = (uint32_t)n;
    for (uint32_t i = 0; i < d->dim; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!name || !*name)
            return REFUSE(r, "metadata '%s': name %u is not a text", MCD_DRAWS_KEY, i + 1);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(name, d->names[k]) == 0)
                return REFUSE(r, "metadata '%s': two quantities are named %s", MCD_DRAWS_KEY,
                              mcd_show_text(name).text);
        if (!(d->names[i] = mcd_host_strdup(d->host, name, r->e)))
            return MCD_NOMEM;
    }
    return MCD_OK;
}

static int copy_text(struct reader *r, const json_t *text, char **to)
{
    *to = mcd_host_strdup(r->d->host, json_string_value(text), r->e);
    return *to ? MCD_OK : MCD_NOMEM;
}

static int read_exact(struct reader *r, const json_t *line, struct mcd_exact *to)
{
    const json_t *method = json_array_get(line, 0), *quantity = json_array_get(line, 1);
    const json_t *statistic = json_array_get(line, 2), *value = json_array_get(line, 3);
    if (!json_is_string(method) || !json_is_string(quantity) ||
        !(json_is_string(statistic) || json_is_null(statistic)) ||
        !(json_is_number(value) || json_is_null(value)))
        return REFUSE(r,
                      "metadata '%s': an exact value is damaged: expected method, quantity, "
                      "statistic and number",
                      MCD_DRAWS_KEY);
    to->value = json_is_number(value) ? json_number_value(value) : NAN;
    int status = copy_text(r, method, &to->method);
    if (!status)
        status = copy_text(r, quantity, &to->quantity);
    return status || json_is_null(statistic) ? status : copy_text(r, statistic, &to->statistic);
}

static int read_exacts(struct reader *r, const json_t *list)
{
    struct mcd_draws_file *d = r->d;
    size_t n = json_array_size(list);
    int status = MCD_OK;
    if (n == 0)
        return MCD_OK;
    d->exact = mcd_host_zalloc(d->host, n * sizeof *d->exact, r->e);
    if (!d->exact)
        return MCD_NOMEM;
    d->exacts = (uint32_t)n;
    for (uint32_t i = 0; !status && i < d->exacts; i++)
        status = read_exact(r, json_array_get(list, i), &d->exact[i]);
    return status;
}

static int read_json(struct reader *r, const json_t *json)
{
    const json_t *format = json_object_get(json, "format");
    const json_t *depth = json_object_get(json, "max_depth");
    if (json_integer_value(format) != 1)
        return REFUSE(r, "metadata '%s': expected format 1", MCD_DRAWS_KEY);
    if (!json_is_integer(depth) || json_integer_value(depth) < 0 ||
        json_integer_value(depth) > INT32_MAX)
        return REFUSE(r, "metadata '%s': max_depth: expected a whole number from 0", MCD_DRAWS_KEY);
    r->d->max_depth = (uint32_t)json_integer_value(depth);
    int status = read_names(r, json_object_get(json, "names"));
    return status ? status : read_exacts(r, json_object_get(json, "exact"));
}

static int read_metadata(struct reader *r)
{
    const char *text = mcd_safetensors_metadata(r->file, MCD_DRAWS_KEY);
    json_error_t reason;
    json_t *json;
    if (!text)
        return REFUSE(r, "holds no draws of a posterior: expected metadata '%s'", MCD_DRAWS_KEY);
    int status = mcd_json_parse(text, strlen(text), &json, &reason);
    if (status == MCD_NOMEM)
        return mcd_fail(r->e, status, mcd_place_file(r->path).text, "no memory for its metadata");
    if (status)
        return REFUSE(r, "metadata '%s' is damaged: expected a JSON object", MCD_DRAWS_KEY);
    status = read_json(r, json);
    json_decref(json);
    return status;
}

/* ---- tensors ----------------------------------------------------------------------------- */

enum { DRAWS, X, Y, LOG_DENSITY, ENERGY, ACCEPT, STEPS, DEPTH, DIVERGENT, TENSORS };
static const char *const tensor_names[TENSORS] = {
    "draws", "x", "y", "log_density", "energy", "accept", "steps", "depth", "divergent"};

/* What a tensor must be; dim 0: any from 1. */
static int check_tensor(const struct reader *r, int which, uint32_t rank, const int64_t *dim)
{
    const struct mcd_array *a = mcd_safetensors_find(r->file, tensor_names[which]);
    uint32_t type = which < STEPS ? MCD_F64 : MCD_I32;
    if (!a)
        return REFUSE(r, "has no tensor %s", tensor_names[which]);
    int good = a->type == type && a->rank == rank;
    for (uint32_t i = 0; good && i < rank; i++)
        good = dim[i] ? a->dim[i] == dim[i] : a->dim[i] >= 1;
    if (!good)
        return REFUSE(r, "tensor %s has a wrong type or shape: expected %s of rank %u%s",
                      tensor_names[which], type == MCD_F64 ? "F64" : "I32", rank,
                      which == DRAWS ? ", one column for each name" : ", as draws and x have it");
    for (int64_t i = 0; type == MCD_F64 && i < mcd_array_count(a); i++)
        if (!isfinite(((const double *)a->data)[i]))
            return REFUSE(r, "tensor %s, element %" PRId64 ": expected a finite number",
                          tensor_names[which], i);
    return MCD_OK;
}

static const struct mcd_array *tensor(const struct reader *r, int which)
{
    return mcd_safetensors_find(r->file, tensor_names[which]);
}

/* Nothing that is not understood: how a wrong file predicts. */
static int check_names(const struct reader *r)
{
    for (size_t i = 0; i < r->file->count; i++) {
        int which = 0;
        while (which < TENSORS && strcmp(r->file->tensor[i].name, tensor_names[which]))
            which++;
        if (which == TENSORS)
            return REFUSE(r, "has a tensor %s: expected draws, what was reported of them, x and y",
                          mcd_show_text(r->file->tensor[i].name).text);
    }
    return MCD_OK;
}

static int check_draws(struct reader *r)
{
    int status = check_tensor(r, DRAWS, 3, (int64_t[]){0, 0, r->d->dim});
    if (status)
        return status;
    const int64_t *dim = tensor(r, DRAWS)->dim;
    if (dim[0] > MCD_MAX_CHAINS || dim[1] < MCD_LEAST_DRAWS || dim[1] > INT32_MAX ||
        dim[0] * dim[1] > INT32_MAX)
        return REFUSE(r,
                      "tensor draws has %" PRId64 " chains of %" PRId64
                      ": expected at most %d, of at least %d draws each",
                      dim[0], dim[1], MCD_MAX_CHAINS, MCD_LEAST_DRAWS);
    r->d->chains = (uint32_t)dim[0];
    r->d->draws = (uint32_t)dim[1];
    status = check_tensor(r, X, 2, (int64_t[]){0, 0});
    if (status)
        return status;
    r->d->rows = tensor(r, X)->dim[0];
    r->d->columns = tensor(r, X)->dim[1];
    return check_tensor(r, Y, 1, (int64_t[]){r->d->rows});
}

static int copy(struct reader *r, int which, double **to)
{
    size_t bytes = (size_t)mcd_array_count(tensor(r, which)) * sizeof(double);
    *to = mcd_host_zalloc(r->d->host, bytes, r->e);
    if (!*to)
        return MCD_NOMEM;
    memcpy(*to, tensor(r, which)->data, bytes);
    return MCD_OK;
}

static struct mcd_transition transition(const struct reader *r, size_t i)
{
#define REAL(which)  ((const double *)tensor(r, which)->data)[i]
#define WHOLE(which) (uint32_t)((const int32_t *)tensor(r, which)->data)[i]
    return (struct mcd_transition){REAL(LOG_DENSITY), REAL(ENERGY), REAL(ACCEPT),
                                   WHOLE(STEPS),      WHOLE(DEPTH), WHOLE(DIVERGENT)};
#undef REAL
#undef WHOLE
}

static int read_transitions(struct reader *r)
{
    struct mcd_draws_file *d = r->d;
    size_t n = (size_t)d->chains * d->draws;
    int found = 0, status = MCD_OK;
    for (int i = LOG_DENSITY; i < TENSORS; i++)
        found += tensor(r, i) != NULL;
    for (int i = LOG_DENSITY; found && !status && i < TENSORS; i++)
        status = check_tensor(r, i, 2, (int64_t[]){d->chains, d->draws});
    if (status || !found)
        return status;
    d->each = mcd_host_zalloc(d->host, n * sizeof *d->each, r->e);
    if (!d->each)
        return MCD_NOMEM;
    for (size_t i = 0; i < n; i++) {
        d->each[i] = transition(r, i);
        if (d->each[i].divergent > 1 || d->each[i].steps > INT32_MAX ||
            d->each[i].depth > INT32_MAX)
            return REFUSE(r,
                          "draw %zu: steps, depth or divergent is out of range: expected "
                          "from 0, and 0 or 1",
                          i);
    }
    return MCD_OK;
}

/* ---- all --------------------------------------------------------------------------------- */

int mcd_draws_is(const struct mcd_safetensors *file)
{
    return mcd_safetensors_metadata(file, MCD_DRAWS_KEY) != NULL;
}

int mcd_draws_parse(const struct mcd_host *host, const struct mcd_safetensors *file,
                    const char *path, struct mcd_draws_file *d, struct mcd_error *e)
{
    struct reader r = {file, path, d, e};
    *d = (struct mcd_draws_file){.host = host};
    int status = read_metadata(&r);
    if (!status)
        status = check_names(&r);
    if (!status)
        status = check_draws(&r);
    if (!status)
        status = copy(&r, DRAWS, &d->q);
    if (!status)
        status = copy(&r, X, &d->x);
    if (!status)
        status = copy(&r, Y, &d->y);
    if (!status)
        status = read_transitions(&r);
    if (status)
        mcd_draws_clear(d);
    return status;
}

int mcd_draws_read(const struct mcd_host *host, const char *path, struct mcd_draws_file *d,
                   struct mcd_error *e)
{
    struct mcd_safetensors file;
    *d = (struct mcd_draws_file){0};
    int status = mcd_safetensors_read(path, &file, e);
    if (status)
        return status;
    status = mcd_draws_parse(host, &file, path, d, e);
    mcd_safetensors_clear(&file);
    return status;
}

void mcd_draws_take(const struct mcd_draws_file *d, uint32_t quantity, double *values)
{
    size_t n = (size_t)d->chains * d->draws;
    for (size_t i = 0; i < n; i++)
        values[i] = d->q[i * d->dim + quantity];
}

void mcd_draws_forget_exact(struct mcd_draws_file *d)
{
    for (uint32_t i = 0; d->exact && i < d->exacts; i++) {
        d->host->release(d->host, d->exact[i].method);
        d->host->release(d->host, d->exact[i].quantity);
        d->host->release(d->host, d->exact[i].statistic);
    }
    d->host->release(d->host, d->exact);
    d->exact = NULL;
    d->exacts = 0;
}

void mcd_draws_clear(struct mcd_draws_file *d)
{
    if (!d->host)
        return;
    for (uint32_t i = 0; d->names && i < d->dim; i++)
        d->host->release(d->host, d->names[i]);
    mcd_draws_forget_exact(d);
    d->host->release(d->host, d->names);
    d->host->release(d->host, d->q);
    d->host->release(d->host, d->each);
    d->host->release(d->host, d->x);
    d->host->release(d->host, d->y);
    *d = (struct mcd_draws_file){0};
}
