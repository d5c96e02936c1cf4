/* Reading and judging what mcdrop bench saved. */
#include "core/bench/bench_file.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/json.h"
#include "core/bench/quantile.h"
#include "core/bench/trimmed.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LARGEST = 1 << 28, MOST_JOBS = 4096, LONGEST = 4096 };

/* The file, and the member that is looked at. */
struct reader {
    const char *path;
    char place[80];
    struct mcd_error *e;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct reader *r, const char *format,
                                                        ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mcd_fail(r->e, MCD_INVALID, mcd_place_member(r->path, r->place).text, "%s", text);
}

/* Member `key` of an object, which is entry `i` of the jobs, or the whole document for i = -1. */
static const json_t *get(struct reader *r, const json_t *o, long i, const char *key)
{
    if (i < 0)
        snprintf(r->place, sizeof r->place, "%s", key);
    else
        snprintf(r->place, sizeof r->place, "jobs[%ld].%s", i, key);
    return json_object_get(o, key);
}

static int read_text(struct reader *r, const json_t *o, long i, const char *key, const char **text)
{
    const json_t *value = get(r, o, i, key);
    if (!json_is_string(value) || json_string_length(value) > LONGEST)
        return refuse(r, "expected a text of at most %d bytes", LONGEST);
    *text = json_string_value(value);
    return MCD_OK;
}

static int read_whole(struct reader *r, const json_t *o, long i, const char *key, int64_t *x)
{
    const json_t *value = get(r, o, i, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return refuse(r, "expected a whole number of 0 or more");
    *x = json_integer_value(value);
    return MCD_OK;
}

/* Adds sign times the logarithm of each of `count` times. */
static int read_times(struct reader *r, const json_t *o, long i, const char *key, double sign,
                      size_t count, double *value)
{
    const json_t *list = get(r, o, i, key);
    if (!json_is_array(list) || json_array_size(list) != count)
        return refuse(r, "expected as many numbers as there are seconds, %zu", count);
    for (size_t k = 0; k < count; k++) {
        const json_t *x = json_array_get(list, k);
        double seconds = json_is_number(x) ? json_number_value(x) : 0;
        if (!(seconds > 1e-12 && seconds < 1e12))
            return refuse(r, "number %zu: expected seconds, above 0", k);
        value[k] += sign * log(seconds);
    }
    return MCD_OK;
}

static int read_job(struct reader *r, const struct mcd_host *host, const json_t *o, long i,
                    struct mcd_bench_record *job)
{
    int status = read_text(r, o, i, "model", &job->model);
    if (!status)
        status = read_text(r, o, i, "backend", &job->backend);
    if (!status)
        status = read_text(r, o, i, "job", &job->job);
    if (!status)
        status = read_text(r, o, i, "op", &job->op);
    if (!status)
        status = read_text(r, o, i, "shape", &job->shape);
    if (!status)
        status = read_whole(r, o, i, "rows", &job->rows);
    if (status)
        return status;
    job->count = json_array_size(get(r, o, i, "seconds"));
    if (job->count < 1 || job->count > MCD_TRIMMED_MOST)
        return refuse(r, "expected an array of 1 to %d numbers", MCD_TRIMMED_MOST);
    job->value = mcd_host_zalloc(host, job->count * sizeof *job->value, r->e);
    if (!job->value)
        return MCD_NOMEM;
    status = read_times(r, o, i, "seconds", 1, job->count, job->value);
    return status ? status : read_times(r, o, i, "yardstick", -1, job->count, job->value);
}

/* Median over the jobs of their middle rounds. */
static int find_yardstick(struct mcd_bench_file *f, const json_t *jobs, struct mcd_error *e)
{
    double *middle = mcd_host_zalloc(f->host, f->count * sizeof *middle, e);
    if (!middle)
        return MCD_NOMEM;
    for (size_t i = 0; i < f->count; i++) {
        const json_t *list = json_object_get(json_array_get(jobs, i), "yardstick");
        middle[i] = json_number_value(json_array_get(list, json_array_size(list) / 2));
    }
    mcd_sort(middle, f->count);
    f->yardstick = mcd_quantile(middle, f->count, 0.5);
    f->host->release(f->host, middle);
    return MCD_OK;
}

static int read_jobs(struct reader *r, struct mcd_bench_file *f)
{
    const json_t *jobs = get(r, f->json, -1, "jobs");
    size_t count = json_array_size(jobs);
    if (count < 1 || count > MOST_JOBS)
        return refuse(r, "expected an array of 1 to %d jobs", MOST_JOBS);
    f->record = mcd_host_zalloc(f->host, count * sizeof *f->record, r->e);
    if (!f->record)
        return MCD_NOMEM;
    for (f->count = 0; f->count < count; f->count++) {
        long i = (long)f->count;
        int status = read_job(r, f->host, json_array_get(jobs, f->count), i, &f->record[f->count]);
        if (!status && mcd_bench_file_find(f, &f->record[f->count]))
            status = refuse(r, "the job occurs twice: expected one of each");
        if (status) {
            f->count++; /* so that it is cleared */
            return status;
        }
    }
    return find_yardstick(f, jobs, r->e);
}

static int read_document(struct reader *r, struct mcd_bench_file *f)
{
    if (json_integer_value(get(r, f->json, -1, MCD_BENCH_FORM)) != 1)
        return refuse(r, "expected 1, as mcdrop bench --format json writes it");
    int status = read_text(r, f->json, -1, "clock", &f->clock);
    if (!status)
        status = read_text(r, f->json, -1, "compiler", &f->compiler);
    if (!status)
        status = read_text(r, f->json, -1, "machine", &f->machine);
    if (!status)
        status = read_text(r, f->json, -1, "sampler", &f->sampler);
    if (!status)
        status = read_whole(r, f->json, -1, "threads", &f->threads);
    return status ? status : read_jobs(r, f);
}

int mcd_bench_file_parse(const struct mcd_host *host, const char *path, const void *text,
                         size_t size, struct mcd_bench_file *f, struct mcd_error *e)
{
    struct reader r = {.path = path, .e = e};
    json_error_t reason;
    *f = (struct mcd_bench_file){.host = host};
    int status = mcd_json_parse(text, size, &f->json, &reason);
    if (status == MCD_NOMEM)
        return mcd_fail(e, status, path, "not enough memory to read it");
    if (status)
        return mcd_fail(e, status,
                        mcd_place_line(path, (size_t)reason.line, (size_t)reason.column).text,
                        "is not JSON: %s", mcd_show_text(reason.text).text);
    status = read_document(&r, f);
    if (status)
        mcd_bench_file_clear(f);
    return status;
}

int mcd_bench_file_load(const struct mcd_host *host, const char *path, struct mcd_bench_file *f,
                        struct mcd_error *e)
{
    struct mcd_bytes bytes = {0};
    *f = (struct mcd_bench_file){.host = host};
    int status = mcd_file_read(path, LARGEST, &bytes, e);
    if (!status)
        status = mcd_bench_file_parse(host, path, bytes.data, bytes.size, f, e);
    mcd_bytes_clear(&bytes);
    return status;
}

void mcd_bench_file_clear(struct mcd_bench_file *f)
{
    for (size_t i = 0; i < f->count; i++)
        f->host->release(f->host, f->record[i].value);
    if (f->host)
        f->host->release(f->host, f->record);
    json_decref(f->json);
    *f = (struct mcd_bench_file){0};
}

static int same(const struct mcd_bench_record *a, const struct mcd_bench_record *b)
{
    return a->rows == b->rows && strcmp(a->model, b->model) == 0 &&
           strcmp(a->backend, b->backend) == 0 && strcmp(a->job, b->job) == 0 &&
           strcmp(a->op, b->op) == 0 && strcmp(a->shape, b->shape) == 0;
}

const struct mcd_bench_record *mcd_bench_file_find(const struct mcd_bench_file *f,
                                                   const struct mcd_bench_record *job)
{
    for (size_t i = 0; i < f->count; i++)
        if (same(&f->record[i], job))
            return &f->record[i];
    return NULL;
}
