/* Reading a partial result. Nothing in the file is believed before it has been checked. */
#include "core/result/partial.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/reals.h"
#include "core/io/place.h"
#include "core/io/safetensors.h"
#include "core/stats/halves.h"
#include "core/stats/leaf.h"

#include <mcdrop/model.h>
#include <mcdrop/tensor.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A piece as its tensor's name tells it. */
struct entry {
    uint64_t first, passes;
    int values;
    const struct mcd_safetensor *tensor;
};

/* The file while it is read. */
struct source {
    const char *name; /* for messages */
    const struct mcd_safetensors *file;
    struct mcd_moments_spec spec;
    struct entry entry[MCD_MAX_PIECES];
    uint32_t entries;
    struct mcd_partial *p;
    struct mcd_error *e;
};

static int refuse(const struct source *s, const char *item, const char *expected)
{
    return mcd_fail(s->e, MCD_INVALID, mcd_place_item(s->name, item).text,
                    "is not that of a partial result: expected %s", expected);
}

/* A whole number as snprintf writes it, at most `max`. */
static int natural(const char *text, size_t length, uint64_t max, uint64_t *out)
{
    char copy[24], again[24];
    if (length >= sizeof copy)
        return 0;
    memcpy(copy, text, length);
    copy[length] = 0;
    errno = 0;
    *out = strtoull(copy, NULL, 10);
    snprintf(again, sizeof again, "%" PRIu64, *out);
    return errno == 0 && *out <= max && strcmp(copy, again) == 0;
}

static int read_number(const struct source *s, const char *key, uint64_t max, uint64_t *out)
{
    const char *text = mcd_safetensors_metadata(s->file, key);
    if (text && natural(text, strlen(text), max, out))
        return MCD_OK;
    return refuse(s, key, "a whole number in range in the metadata");
}

static uint64_t largest_of_size(size_t size, int is_signed)
{
    return (UINT64_MAX >> (64 - 8 * size)) >> is_signed;
}

static int read_description(struct source *s)
{
    const char *format = mcd_safetensors_metadata(s->file, "format");
    int status = MCD_OK;
    if (!format || strcmp(format, MCD_PARTIAL_FORMAT) != 0)
        return mcd_fail(s->e, MCD_INVALID, mcd_place_file(s->name).text,
                        "is not a partial result: expected format '%s' in its metadata, not '%s'",
                        MCD_PARTIAL_FORMAT, mcd_show_text(format ? format : "").text);
#define NUMBER(name, kind)                                                                         \
    if (status == MCD_OK) {                                                                        \
        uint64_t value = 0;                                                                        \
        status = read_number(s, #name, largest_of_size(sizeof(kind), (kind)-1 < (kind)1), &value); \
        s->spec.name = (kind)value;                                                                \
    }
    MCD_PARTIAL_NUMBERS(NUMBER)
#undef NUMBER
    if (status == MCD_OK)
        status = read_number(s, "seed", UINT64_MAX, &s->p->origin.seed);
#define TEXT(name, same)                                                                           \
    if (status == MCD_OK)                                                                          \
        status = mcd_origin_set(s->p->host, &s->p->origin.name,                                    \
                                mcd_safetensors_metadata(s->file, #name), s->e);
    MCD_ORIGIN_TEXTS(TEXT)
#undef TEXT
    s->spec.keep_pieces = 1;
    s->spec.block_rows = s->spec.rows;
    return status;
}

static int has_shape(const struct mcd_array *a, uint32_t type, uint32_t rank, int64_t d0,
                     int64_t d1, int64_t d2)
{
    return a && a->type == type && a->rank == rank && a->dim[0] == d0 &&
           (rank < 2 || a->dim[1] == d1) && (rank < 3 || a->dim[2] == d2);
}

/* Whether the tensors that stand once are there; what is allocated later is no larger than they. */
static int check_rows(const struct source *s)
{
    const struct mcd_moments_spec *spec = &s->spec;
    const struct mcd_array *labels = mcd_safetensors_find(s->file, "labels");
    const struct mcd_array *sums = mcd_safetensors_find(s->file, "sums");
    int classify = spec->task == MCD_CLASSIFY;
    if (!has_shape(mcd_safetensors_find(s->file, "deterministic"), MCD_F64, 2, spec->rows,
                   spec->outputs, 0))
        return refuse(s, "deterministic", "F64 [rows, outputs]");
    if (labels && !(classify && has_shape(labels, MCD_I64, 1, spec->rows, 0, 0)))
        return refuse(s, "labels", "I64 [rows], in classification alone");
    if (classify ? !has_shape(sums, MCD_I64, 3, spec->rows, MCD_BATCHES, 2 * spec->outputs + 1)
                 : sums != NULL)
        return refuse(s, "sums", "I64 [rows, 16, 2 outputs + 1], in classification alone");
    return MCD_OK;
}

/* "moments.FIRST.PASSES", "samples.FIRST.PASSES" */
static int read_name(const char *name, struct entry *t)
{
    const char *end = strrchr(name, '.'), *middle = strchr(name, '.');
    if (!middle || end == middle || middle - name != 7)
        return 0;
    t->values = strncmp(name, "moments", 7) == 0;
    if (!t->values && strncmp(name, "samples", 7) != 0)
        return 0;
    return natural(middle + 1, (size_t)(end - middle - 1), (uint64_t)1 << 48, &t->first) &&
           natural(end + 1, strlen(end + 1), MCD_MAX_PASSES, &t->passes) && t->passes > 0;
}

/* Whole blocks, an aligned power of two of them; or a part of one block. */
static int check_piece(const struct source *s, const struct entry *t)
{
    const struct mcd_moments_spec *spec = &s->spec;
    const struct mcd_array *a = &t->tensor->value;
    uint64_t size = spec->block_passes, blocks = t->passes / size;
    if (t->values) {
        if (t->passes % size != 0 || (blocks & (blocks - 1)) != 0 || t->first % t->passes != 0)
            return refuse(s, t->tensor->name, "an aligned power of two of whole blocks");
        if (!has_shape(a, MCD_F64, 2, spec->rows, (int64_t)mcd_leaf_width(spec), 0))
            return refuse(s, t->tensor->name, "F64 [rows, width of the moments]");
    } else {
        if (t->passes >= size || t->first / size != (t->first + t->passes - 1) / size)
            return refuse(s, t->tensor->name, "a part of one block");
        if (!has_shape(a, spec->type, 3, (int64_t)t->passes, spec->rows, spec->outputs))
            return refuse(s, t->tensor->name, "samples [passes, rows, outputs] of the run's type");
    }
    return MCD_OK;
}

static int by_first(const void *a, const void *b)
{
    uint64_t x = ((const struct entry *)a)->first, y = ((const struct entry *)b)->first;
    return (x > y) - (x < y);
}

static int list_pieces(struct source *s)
{
    static const char *const others[] = {"sums",  "deterministic", "labels", "offset",
                                         "scale", "noise",         "target"};
    enum { OTHERS = sizeof others / sizeof *others };
    for (size_t i = 0; i < s->file->count; i++) {
        const struct mcd_safetensor *tensor = &s->file->tensor[i];
        struct entry t = {.tensor = tensor};
        size_t k = 0;
        while (k < OTHERS && strcmp(others[k], tensor->name) != 0)
            k++;
        if (k < OTHERS)
            continue;
        if (!read_name(tensor->name, &t) || s->entries == MCD_MAX_PIECES)
            return refuse(s, tensor->name, "moments.FIRST.PASSES or samples.FIRST.PASSES, few");
        int status = check_piece(s, &t);
        if (status)
            return status;
        s->entry[s->entries++] = t;
    }
    qsort(s->entry, s->entries, sizeof s->entry[0], by_first);
    return MCD_OK;
}

/* Means are finite; M2, every second row of channels, finite and not negative. */
static int are_moments(const struct source *s, const double *x)
{
    size_t channels = mcd_leaf_channels(&s->spec);
    for (size_t i = 0; i < mcd_leaf_moments(&s->spec); i++)
        if (!isfinite(x[i]) || (i / channels % 2 == 1 && x[i] < 0.0))
            return 0;
    return 1;
}

/* Batches that have as many passes as they must, with sums that have no sign. */
static int are_tallies(const struct source *s, const struct mcd_halves *h,
                       const struct mcd_tally *t)
{
    for (int64_t i = 0; i < s->spec.outputs * MCD_BATCHES; i++, t++) {
        const double finite[] = {t->mean, t->peak, t->first, t->last};
        const double sums[] = {t->m2, t->density, t->below, t->distance, t->pairs, t->spread};
        int good = t->passes == (double)h->batch_passes[i % MCD_BATCHES] && t->pairs <= t->passes &&
                   t->below <= t->passes;
        for (int k = 0; k < 4; k++)
            good &= isfinite(finite[k]) != 0;
        for (int k = 0; k < 6; k++)
            good &= isfinite(sums[k]) && sums[k] >= 0;
        if (!good)
            return 0;
    }
    return 1;
}

static int check_values(const struct source *s, const struct entry *t)
{
    double *x = t->tensor->value.data;
    struct mcd_halves h;
    mcd_halves_init(&h, s->spec.group, t->first, t->passes);
    for (int64_t row = 0; row < s->spec.rows; row++, x += mcd_leaf_width(&s->spec)) {
        const struct mcd_tally *tallies = mcd_leaf_tallies(&s->spec, x, 0);
        if (!are_moments(s, x))
            return refuse(s, t->tensor->name, "finite numbers, sums of squares not negative");
        if (tallies && !are_tallies(s, &h, tallies))
            return refuse(s, t->tensor->name, "tallies that such passes can have given");
    }
    return MCD_OK;
}

static int check_samples(const struct source *s, const struct entry *t)
{
    const struct mcd_array *a = &t->tensor->value;
    for (size_t i = 0, n = (size_t)mcd_array_count(a); i < n; i++)
        if (!isfinite(mcd_reals_at(a->data, a->type, i)))
            return refuse(s, t->tensor->name, "finite numbers");
    return MCD_OK;
}

/* One batch of one row: what `passes` passes can have given. */
static int is_possible(const int64_t *sums, int64_t outputs, uint64_t passes)
{
    double unit = (double)passes / MCD_PROBABILITY_UNIT, probability = 0.0;
    uint64_t votes = 0;
    for (int64_t k = 0; k < outputs; k++) {
        if (sums[k] < 0 || (double)sums[k] > unit)
            return 0;
        if (sums[outputs + k] < 0 || (uint64_t)sums[outputs + k] > passes)
            return 0;
        probability += (double)sums[k];
        votes += (uint64_t)sums[outputs + k];
    }
    double entropy = (double)sums[2 * outputs] * MCD_ENTROPY_UNIT;
    return votes == passes && entropy >= 0.0 && entropy <= 16.0 * (double)passes &&
           fabs(probability - unit) <= (double)passes * (double)(outputs + 2);
}

static int read_sums(const struct source *s)
{
    const struct mcd_array *a = mcd_safetensors_find(s->file, "sums");
    const int64_t *sums = a ? a->data : NULL;
    struct mcd_halves h;
    uint64_t first = 0, passes = 0;
    for (uint32_t i = 0; i < s->entries; i++)
        if (s->entry[i].values) {
            first = passes == 0 ? s->entry[i].first : first;
            passes += s->entry[i].passes;
        }
    if (!a)
        return MCD_OK;
    mcd_halves_init(&h, s->spec.group, first, passes);
    for (int64_t i = 0; i < s->spec.rows * MCD_BATCHES; i++)
        if (!is_possible(sums + (size_t)i * mcd_leaf_sums(&s->spec), s->spec.outputs,
                         h.batch_passes[i % MCD_BATCHES]))
            return refuse(s, "sums", "sums that such passes can have given");
    memcpy(s->p->moments->block[0].sums, sums, (size_t)mcd_array_count(a) * sizeof *sums);
    return MCD_OK;
}

/* A copy of a tensor's values in the host's memory. */
static void *copy(const struct source *s, const struct mcd_array *a)
{
    size_t bytes = (size_t)mcd_array_count(a) * mcd_type_size(a->type);
    void *to = mcd_host_zalloc(s->p->host, bytes, s->e);
    return to ? memcpy(to, a->data, bytes) : NULL;
}

static int read_pieces(const struct source *s)
{
    struct mcd_moments *m = s->p->moments;
    uint64_t next = s->spec.first_pass;
    int status = MCD_OK;
    for (uint32_t i = 0; status == MCD_OK && i < s->entries; i++) {
        const struct entry *t = &s->entry[i];
        struct mcd_piece piece = {.first = t->first, .passes = t->passes};
        if (t->first != next)
            return refuse(s, t->tensor->name, "pieces that follow each other from first_pass on");
        next += t->passes;
        status = t->values ? check_values(s, t) : check_samples(s, t);
        void *data = status == MCD_OK ? copy(s, &t->tensor->value) : NULL;
        if (status == MCD_OK && !data)
            status = MCD_NOMEM;
        piece.values = t->values ? data : NULL;
        piece.samples = t->values ? NULL : data;
        if (status == MCD_OK)
            status = mcd_moments_push(m, &m->block[0], piece, s->e);
    }
    if (status == MCD_OK &&
        (m->block[0].count != s->entries || next != s->spec.first_pass + s->spec.passes))
        status = refuse(s, "passes", "as many as the pieces have, each as large as can be");
    return status;
}

static int read_rows(const struct source *s)
{
    const struct mcd_array *average = mcd_safetensors_find(s->file, "deterministic");
    const struct mcd_array *labels = mcd_safetensors_find(s->file, "labels");
    const double *x = average->data;
    for (int64_t i = 0; i < mcd_array_count(average); i++)
        if (!isfinite(x[i]))
            return refuse(s, "deterministic", "finite numbers");
    if (!(s->p->deterministic = copy(s, average)))
        return MCD_NOMEM;
    if (labels && !(s->p->labels = copy(s, labels)))
        return MCD_NOMEM;
    for (int64_t i = 0; labels && i < s->spec.rows; i++)
        if (s->p->labels[i] < 0 || s->p->labels[i] >= s->spec.outputs)
            return refuse(s, "labels", "class numbers");
    return MCD_OK;
}

/* Finite; greater than 0 where it `is_scale`. */
static int read_numbers(const struct source *s, const char *name, uint32_t rank, int is_scale,
                        double *to)
{
    const struct mcd_array *a = mcd_safetensors_find(s->file, name);
    int64_t d0 = rank == 2 ? s->spec.rows : s->spec.outputs;
    if (!to)
        return MCD_OK;
    if (!has_shape(a, MCD_F64, rank, d0, s->spec.outputs, 0))
        return refuse(s, name, "F64 [outputs] or, of targets, [rows, outputs]");
    for (int64_t i = 0; i < mcd_array_count(a); i++) {
        to[i] = ((const double *)a->data)[i];
        if (!isfinite(to[i]) || (is_scale && to[i] <= 0))
            return refuse(s, name, "finite numbers, scales greater than 0");
    }
    return MCD_OK;
}

/* What the samples mean: before any piece is read, because that decides the pieces' width. */
static int read_meaning(struct source *s)
{
    int noise = mcd_safetensors_find(s->file, "noise") != NULL;
    int target = mcd_safetensors_find(s->file, "target") != NULL;
    if (!mcd_safetensors_find(s->file, "offset"))
        return noise || target || mcd_safetensors_find(s->file, "scale")
                   ? refuse(s, "offset", "offset and scale where there are noise or target")
                   : MCD_OK;
    if (s->spec.task != MCD_REGRESS)
        return refuse(s, "offset", "none of a classifier");
    int status = mcd_meaning_create(s->p->host, s->spec.rows, s->spec.outputs, noise, target,
                                    &s->p->meaning, s->e);
    if (status == MCD_OK)
        status = read_numbers(s, "offset", 1, 0, s->p->meaning->offset);
    if (status == MCD_OK)
        status = read_numbers(s, "scale", 1, 1, s->p->meaning->scale);
    if (status == MCD_OK)
        status = read_numbers(s, "noise", 1, 1, s->p->meaning->noise);
    if (status == MCD_OK)
        status = read_numbers(s, "target", 2, 0, s->p->meaning->target);
    s->spec.meaning = s->p->meaning;
    return status;
}

static int read_all(struct source *s)
{
    int status = read_description(s);
    if (status == MCD_OK)
        status = mcd_moments_check(&s->spec, s->e);
    if (status == MCD_OK)
        status = check_rows(s);
    if (status == MCD_OK)
        status = read_meaning(s);
    if (status == MCD_OK)
        status = list_pieces(s);
    if (status == MCD_OK)
        status = mcd_moments_create(s->p->host, &s->p->moments, &s->spec, s->e);
    if (status == MCD_OK)
        status = read_pieces(s);
    if (status == MCD_OK)
        status = read_sums(s);
    return status ? status : read_rows(s);
}

static int convert(const struct mcd_host *host, const struct mcd_safetensors *file,
                   const char *name, struct mcd_partial *p, struct mcd_error *e)
{
    *p = (struct mcd_partial){.host = host};
    struct source *s = mcd_host_zalloc(host, sizeof *s, e);
    if (!s)
        return MCD_NOMEM;
    s->name = name;
    s->file = file;
    s->p = p;
    s->e = e;
    int status = read_all(s);
    host->release(host, s);
    if (status)
        mcd_partial_clear(p);
    return status;
}

int mcd_partial_parse(const struct mcd_host *host, const void *bytes, size_t size, const char *name,
                      struct mcd_partial *p, struct mcd_error *e)
{
    struct mcd_safetensors file;
    *p = (struct mcd_partial){0};
    int status = mcd_safetensors_parse(bytes, size, name, &file, e);
    if (status == MCD_OK)
        status = convert(host, &file, name, p, e);
    mcd_safetensors_clear(&file);
    return status;
}

int mcd_partial_load(const struct mcd_host *host, const char *path, struct mcd_partial *p,
                     struct mcd_error *e)
{
    struct mcd_safetensors file;
    *p = (struct mcd_partial){0};
    int status = mcd_safetensors_read(path, &file, e);
    if (status == MCD_OK)
        status = convert(host, &file, path, p, e);
    mcd_safetensors_clear(&file);
    return status;
}
