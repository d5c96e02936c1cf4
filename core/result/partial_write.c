/* Writing a partial result: row blocks are gathered into tensors over all rows. */
#include "core/result/partial.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/place.h"
#include "core/io/safetensors.h"
#include "core/stats/leaf.h"

#include <mcdrop/tensor.h>

#include <inttypes.h>
#include <stdio.h>

enum { MAX_TENSORS = MCD_MAX_PIECES + 7, MAX_METADATA = 24 };

/* The file while it is put together. Values that were gathered are in `owned`. */
struct draft {
    const struct mcd_partial *p;
    const char *path;
    struct mcd_error *e;
    struct mcd_safetensor tensor[MAX_TENSORS];
    struct mcd_metadata metadata[MAX_METADATA];
    size_t tensors, entries;
    void *owned[MAX_TENSORS];
    size_t owns;
    char name[MAX_TENSORS][64], number[MAX_METADATA][24];
};

void mcd_partial_clear(struct mcd_partial *p)
{
    if (!p->host)
        return;
    mcd_moments_destroy(p->moments);
    mcd_origin_clear(p->host, &p->origin);
    p->host->release(p->host, p->deterministic);
    p->host->release(p->host, p->labels);
    mcd_meaning_destroy(p->host, p->meaning);
    *p = (struct mcd_partial){0};
}

static void add_text(struct draft *d, const char *key, const char *value)
{
    if (value)
        d->metadata[d->entries++] = (struct mcd_metadata){key, value};
}

static void add_number(struct draft *d, const char *key, uint64_t value)
{
    char *text = d->number[d->entries];
    snprintf(text, sizeof d->number[0], "%" PRIu64, value);
    add_text(d, key, text);
}

static void describe(struct draft *d, uint64_t passes)
{
    struct mcd_moments_spec spec = d->p->moments->spec;
    spec.passes = passes;
    add_text(d, "format", MCD_PARTIAL_FORMAT);
#define NUMBER(name, type) add_number(d, #name, (uint64_t)spec.name);
    MCD_PARTIAL_NUMBERS(NUMBER)
#undef NUMBER
    add_number(d, "seed", d->p->origin.seed);
#define TEXT(name, same) add_text(d, #name, d->p->origin.name);
    MCD_ORIGIN_TEXTS(TEXT)
#undef TEXT
}

/* A tensor whose values stay where they are. */
static struct mcd_array *add(struct draft *d, uint32_t type, void *data, uint32_t rank)
{
    struct mcd_safetensor *t = &d->tensor[d->tensors];
    *t = (struct mcd_safetensor){.name = d->name[d->tensors]};
    t->value = (struct mcd_array){.type = type, .rank = rank, .data = data};
    d->tensors++;
    return &t->value;
}

/* Memory that the draft releases at the end. */
static void *own(struct draft *d, size_t bytes)
{
    void *memory = mcd_host_zalloc(d->p->host, bytes, d->e);
    if (memory)
        d->owned[d->owns++] = memory;
    return memory;
}

/* Moments of all rows, or samples of all rows pass by pass. */
static int add_piece(struct draft *d, uint32_t i)
{
    const struct mcd_moments *m = d->p->moments;
    const struct mcd_moments_spec *s = &m->spec;
    const struct mcd_piece *piece = &m->block[0].piece[i];
    int values = piece->values != NULL;
    size_t unit =
        values ? mcd_leaf_width(s) * sizeof(double) : (size_t)s->outputs * mcd_type_size(s->type);
    uint64_t layers = values ? 1 : piece->passes;
    char *all = own(d, (size_t)layers * (size_t)s->rows * unit), *to = all;
    if (!all)
        return MCD_NOMEM;
    for (uint64_t t = 0; t < layers; t++)
        for (uint32_t j = 0; j < m->blocks; j++) {
            const struct mcd_row_block *b = &m->block[j];
            const char *from = values ? (char *)b->piece[i].values : b->piece[i].samples;
            size_t bytes = (size_t)b->rows * unit;
            memcpy(to, from + t * bytes, bytes);
            to += bytes;
        }
    snprintf(d->name[d->tensors], sizeof d->name[0], "%s.%" PRIu64 ".%" PRIu64,
             values ? "moments" : "samples", piece->first, piece->passes);
    struct mcd_array *a = add(d, values ? MCD_F64 : s->type, all, values ? 2 : 3);
    a->dim[0] = values ? s->rows : (int64_t)piece->passes;
    a->dim[1] = values ? (int64_t)mcd_leaf_width(s) : s->rows;
    a->dim[2] = values ? 0 : s->outputs;
    return MCD_OK;
}

static int add_sums(struct draft *d)
{
    const struct mcd_moments *m = d->p->moments;
    size_t width = mcd_leaf_sums(&m->spec), unit = MCD_BATCHES * width * sizeof(int64_t);
    if (width == 0)
        return MCD_OK;
    char *all = own(d, (size_t)m->spec.rows * unit);
    if (!all)
        return MCD_NOMEM;
    for (uint32_t j = 0; j < m->blocks; j++)
        memcpy(all + (size_t)m->block[j].first_row * unit, m->block[j].sums,
               (size_t)m->block[j].rows * unit);
    snprintf(d->name[d->tensors], sizeof d->name[0], "sums");
    struct mcd_array *a = add(d, MCD_I64, all, 3);
    a->dim[0] = m->spec.rows;
    a->dim[1] = MCD_BATCHES;
    a->dim[2] = (int64_t)width;
    return MCD_OK;
}

static void add_rows(struct draft *d)
{
    const struct mcd_moments_spec *s = &d->p->moments->spec;
    snprintf(d->name[d->tensors], sizeof d->name[0], "deterministic");
    struct mcd_array *a = add(d, MCD_F64, d->p->deterministic, 2);
    a->dim[0] = s->rows;
    a->dim[1] = s->outputs;
    if (!d->p->labels)
        return;
    snprintf(d->name[d->tensors], sizeof d->name[0], "labels");
    a = add(d, MCD_I64, d->p->labels, 1);
    a->dim[0] = s->rows;
}

static void add_vector(struct draft *d, const char *name, double *value)
{
    if (!value)
        return;
    snprintf(d->name[d->tensors], sizeof d->name[0], "%s", name);
    add(d, MCD_F64, value, 1)->dim[0] = d->p->moments->spec.outputs;
}

static void add_meaning(struct draft *d)
{
    const struct mcd_meaning *m = d->p->meaning;
    if (!m)
        return;
    add_vector(d, "offset", m->offset);
    add_vector(d, "scale", m->scale);
    add_vector(d, "noise", m->noise);
    if (!m->target)
        return;
    snprintf(d->name[d->tensors], sizeof d->name[0], "target");
    struct mcd_array *a = add(d, MCD_F64, m->target, 2);
    a->dim[0] = m->rows;
    a->dim[1] = m->outputs;
}

static int compose(struct draft *d)
{
    const struct mcd_moments *m = d->p->moments;
    uint64_t passes;
    int status = mcd_moments_done(m, &passes, d->e);
    if (status)
        return status;
    if (!m->spec.keep_pieces || passes == 0)
        return mcd_fail(d->e, MCD_INVALID, mcd_place_file(d->path).text,
                        "cannot be written: the run did not keep its pieces, or has no passes");
    describe(d, passes);
    for (uint32_t i = 0; status == MCD_OK && i < m->block[0].count; i++)
        status = add_piece(d, i);
    if (status == MCD_OK)
        status = add_sums(d);
    if (status == MCD_OK)
        add_rows(d);
    if (status == MCD_OK)
        add_meaning(d);
    return status;
}

int mcd_partial_save(const char *path, const struct mcd_partial *p, struct mcd_error *e)
{
    struct draft *d = mcd_host_zalloc(p->host, sizeof *d, e);
    if (!d)
        return MCD_NOMEM;
    d->p = p;
    d->path = path;
    d->e = e;
    int status = compose(d);
    if (status == MCD_OK) {
        struct mcd_safetensors file = {d->tensors, d->entries, d->tensor, d->metadata};
        status = mcd_safetensors_write(path, &file, e);
    }
    while (d->owns > 0)
        p->host->release(p->host, d->owned[--d->owns]);
    p->host->release(p->host, d);
    return status;
}
