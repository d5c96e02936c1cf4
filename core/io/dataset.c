/* Data sets: find the files, read them by what they are, check that they belong together. */
#include "core/io/dataset.h"

#include "core/base/error.h"
#include "core/io/co2.h"
#include "core/io/csv.h"
#include "core/io/file.h"
#include "core/io/full_path.h"
#include "core/io/idx.h"
#include "core/io/npy.h"
#include "core/io/place.h"
#include "core/io/places.h"
#include "core/io/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The files that a request leads to; owned. */
struct files {
    char *x, *y; /* y: NULL where there are no answers */
};

static int parse_csv(const struct mcd_bytes *b, const char *path, struct mcd_array *out,
                     struct mcd_error *e)
{
    struct mcd_csv t;
    int status = mcd_csv_parse(b->data, b->size, path, NULL, &t, e);
    if (status)
        return status;
    *out = t.values;
    t.values = (struct mcd_array){.dim = {0, out->dim[1]}}; /* clear still counts the names */
    mcd_csv_clear(&t);
    return MCD_OK;
}

/* Text has no control characters but tabs and ends of lines. */
static int looks_like_text(const struct mcd_bytes *b)
{
    for (size_t i = 0; i < b->size && i < 512; i++) {
        unsigned char c = b->data[i];
        if (c < ' ' && c != '\t' && c != '\r' && c != '\n')
            return 0;
    }
    return 1;
}

static int parse_any(const struct mcd_bytes *b, const char *path, struct mcd_array *out,
                     struct mcd_error *e)
{
    if (b->size >= 6 && memcmp(b->data, "\x93NUMPY", 6) == 0)
        return mcd_npy_parse(b->data, b->size, path, out, e);
    if (b->size >= 2 && b->data[0] == 0 && b->data[1] == 0)
        return mcd_idx_parse(b->data, b->size, path, out, e);
    if (looks_like_text(b))
        return parse_csv(b, path, out, e);
    return mcd_fail(e, MCD_INVALID, mcd_place_byte(path, 0).text,
                    "the file begins with '%s': expected NPY, IDX or CSV, plain or gzip",
                    mcd_show(b->data, b->size < 8 ? b->size : 8).text);
}

int mcd_array_read(const char *path, struct mcd_array *out, struct mcd_error *e)
{
    struct mcd_bytes b;
    *out = (struct mcd_array){0};
    int status = mcd_file_read(path, MCD_FILE_LIMIT, &b, e);
    if (status == MCD_OK)
        status = parse_any(&b, path, out, e);
    mcd_bytes_clear(&b);
    return status;
}

/* FOLDER/SPLIT-KIND in the first spelling that exists; *path stays NULL if none does. */
static int find_part(const char *folder, uint32_t split, const char *kind, char **path,
                     struct mcd_error *e)
{
    static const char *const separators[] = {"-", "."}, *const endings[] = {"", ".gz"};
    size_t room = strlen(folder) + 60;
    char *text = malloc(room);
    if (!text)
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(folder).text, "no memory for its name");
    for (unsigned i = 0; i < 4; i++) {
        snprintf(text, room, "%s/%s-%.6s%s%s%s", folder, split == MCD_TRAIN ? "train" : "t10k",
                 kind, separators[i / 2], kind + 7, endings[i % 2]);
        if (access(text, F_OK) == 0) {
            *path = text;
            return MCD_OK;
        }
    }
    free(text);
    return MCD_OK;
}

/* Images, and labels unless they are given. */
static int find_parts(const char *folder, uint32_t split, struct files *f, struct mcd_error *e)
{
    int status = find_part(folder, split, "images-idx3-ubyte", &f->x, e);
    if (status == MCD_OK && f->x && !f->y)
        status = find_part(folder, split, "labels-idx1-ubyte", &f->y, e);
    return status;
}

/* The folder is given: its images, and its labels unless others are. */
static int search_folder(const struct mcd_dataset_request *r, struct files *f, struct mcd_error *e)
{
    const char *split = r->split == MCD_TRAIN ? "train" : "t10k";
    int status = find_parts(r->data, r->split, f, e);
    if (status)
        return status;
    if (!f->x)
        return mcd_fail(e, MCD_IO, mcd_place_file(r->data).text,
                        "the folder holds no images: expected %s-images-idx3-ubyte, plain or .gz",
                        split);
    if (!f->y)
        return mcd_fail(e, MCD_IO, mcd_place_file(r->data).text,
                        "the folder holds no labels: expected %s-labels-idx1-ubyte, plain or .gz",
                        split);
    return MCD_OK;
}

static int is_series(const char *data)
{
    return strcmp(data, "co2") == 0;
}

static const char *advice(const char *name)
{
    if (is_series(name))
        return "install mcdrop, which brings co2.csv";
    if (strcmp(name, "mnist") == 0)
        return "run data/fetch-mnist";
    if (strcmp(name, "fashion-mnist") == 0)
        return "install the package dataset-fashion-mnist";
    return "expected mnist, fashion-mnist, co2, a folder or a file";
}

/* The first place that has images and labels: images alone are of no use. */
static int search_pairs(const struct mcd_places *places, uint32_t split, struct files *f,
                        struct mcd_error *e)
{
    int status = MCD_OK;
    for (size_t i = 0; status == MCD_OK && i < places->count && !f->x; i++) {
        status = find_parts(places->folder[i], split, f, e);
        if (!f->y) {
            free(f->x);
            f->x = NULL;
        }
    }
    return status;
}

/* A name is given: the first place that holds it. */
static int search_places(const struct mcd_dataset_request *r, struct files *f, struct mcd_error *e)
{
    struct mcd_places places;
    char looked[240];
    int series = is_series(r->data);
    int status = mcd_places_list(&places, series ? "co2.csv" : r->data, e);
    if (status == MCD_OK)
        status = series ? mcd_co2_find(&f->x, e) : search_pairs(&places, r->split, f, e);
    if (status == MCD_OK && !f->x) {
        mcd_places_join(&places, looked, sizeof looked);
        status = mcd_fail(e, MCD_IO, mcd_place_file(r->data).text,
                          "not found: %s, or name its folder in MCDROP_DATA_PATH; looked in %s",
                          advice(r->data), looked);
    }
    mcd_places_clear(&places);
    return status;
}

static int is_known_name(const char *data)
{
    return strcmp(data, "mnist") == 0 || strcmp(data, "fashion-mnist") == 0 || is_series(data);
}

/* A word that is no path: what has a slash or a dot is meant as one. */
static int is_name(const char *data, int exists)
{
    return is_known_name(data) || (!exists && data[0] && !strpbrk(data, "/."));
}

int mcd_dataset_full_name(const char *data, char **full, struct mcd_error *e)
{
    if (!data || !is_name(data, access(data, F_OK) == 0))
        return mcd_full_path(data, full, e);
    *full = strdup(data);
    return *full ? MCD_OK
                 : mcd_fail(e, MCD_NOMEM, mcd_place_file(data).text, "no memory for its name");
}

/* Not where a folder beside the user has the name of a data set that is found elsewhere. */
const char *mcd_dataset_short_name(const char *full)
{
    const char *end = mcd_short_path(full);
    return is_known_name(end) ? full : end;
}

static int find_files(const struct mcd_dataset_request *r, struct files *f, struct mcd_error *e)
{
    struct stat about;
    int exists = stat(r->data, &about) == 0, reason = errno;
    if (r->labels && !(f->y = strdup(r->labels)))
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(r->labels).text, "no memory for its name");
    if (is_name(r->data, exists))
        return search_places(r, f, e);
    if (!exists)
        return mcd_fail(
            e, MCD_IO, mcd_place_file(r->data).text,
            "cannot be read: %s (expected mnist, fashion-mnist, co2, a folder or a file)",
            strerror(reason));
    if (S_ISDIR(about.st_mode))
        return search_folder(r, f, e);
    if (!(f->x = strdup(r->data)))
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(r->data).text, "no memory for its name");
    return MCD_OK;
}

int mcd_dataset_find(const char *data, uint32_t split, char **x, char **y, struct mcd_error *e)
{
    struct files f = {0};
    int status = find_files(&(struct mcd_dataset_request){.data = data, .split = split}, &f, e);
    if (status) {
        free(f.x);
        free(f.y);
        f = (struct files){0};
    }
    *x = f.x;
    *y = f.y;
    return status;
}

static int load_inputs(struct mcd_dataset *d, const char *path, uint32_t type, struct mcd_error *e)
{
    int status = mcd_array_read(path, &d->x, e);
    if (status)
        return status;
    if (d->x.rank == 0 || d->x.dim[0] == 0 || mcd_array_count(&d->x) == 0)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(path).text,
                        "the array is %s: expected rows of values",
                        d->x.rank == 0 ? "a single number" : "empty");
    return mcd_values_to_pixels(&d->x, type, path, e);
}

static int load_answers(struct mcd_dataset *d, const char *path,
                        const struct mcd_dataset_request *r, uint32_t type, struct mcd_error *e)
{
    int status = mcd_array_read(path, &d->y, e);
    if (status)
        return status;
    if (d->y.rank == 0 || d->y.dim[0] != d->x.dim[0])
        return mcd_fail(e, MCD_INVALID, mcd_place_file(path).text,
                        "%" PRId64 " answers: expected %" PRId64 ", as many as there are inputs",
                        d->y.rank ? d->y.dim[0] : 1, d->x.dim[0]);
    if (r->answer == MCD_TARGETS)
        return mcd_values_to_real(&d->y, type, path, e);
    return mcd_values_to_labels(&d->y, r->classes, path, e);
}

/* Inputs and answers from one table. */
static int load_table(struct mcd_dataset *d, const char *path, const struct mcd_dataset_request *r,
                      struct mcd_error *e)
{
    struct mcd_bytes b;
    int status = mcd_file_read(path, MCD_FILE_LIMIT, &b, e);
    if (status == MCD_OK && !looks_like_text(&b))
        status =
            mcd_fail(e, MCD_INVALID, mcd_place_byte(path, 0).text,
                     "the file begins with '%s': expected a CSV table, whose columns are named",
                     mcd_show(b.data, b.size < 8 ? b.size : 8).text);
    if (status == MCD_OK)
        status = mcd_columns_scan(b.data, b.size, path, r->columns, r->answers_optional,
                                  &d->columns, &d->x, &d->y, e);
    mcd_bytes_clear(&b);
    return status;
}

/* Inputs and answers from one file. */
static int load_both(struct mcd_dataset *d, const char *path, const struct mcd_dataset_request *r,
                     uint32_t type, struct mcd_error *e)
{
    d->processed = is_series(r->data);
    int status = d->processed ? mcd_co2_read(path, &d->x, &d->y, e) : load_table(d, path, r, e);
    if (status == MCD_OK)
        status = mcd_values_to_real(&d->x, type, path, e);
    if (status || !d->y.data)
        return status;
    d->answers = strdup(path);
    if (!d->answers)
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(path).text, "no memory for its name");
    if (r->answer == MCD_TARGETS)
        return mcd_values_to_real(&d->y, type, path, e);
    return mcd_values_to_labels(&d->y, r->classes, path, e);
}

/* Whether answers are in the file of the inputs. One that may lack them may be of another kind. */
static int has_both(const char *path, const struct mcd_dataset_request *r)
{
    struct mcd_bytes b;
    if (is_series(r->data) || !r->columns || !r->answers_optional)
        return is_series(r->data) || r->columns;
    if (mcd_file_read(path, MCD_FILE_LIMIT, &b, NULL) != MCD_OK)
        return 0; /* who reads it next says why */
    int text = looks_like_text(&b);
    mcd_bytes_clear(&b);
    return text;
}

static int load_apart(struct mcd_dataset *d, const struct files *f,
                      const struct mcd_dataset_request *r, uint32_t type, struct mcd_error *e)
{
    int status = load_inputs(d, f->x, type, e);
    return status || !f->y ? status : load_answers(d, f->y, r, type, e);
}

int mcd_dataset_load(struct mcd_dataset *d, const struct mcd_dataset_request *r,
                     struct mcd_error *e)
{
    struct files f = {0};
    uint32_t type = r->type ? r->type : MCD_F32;
    *d = (struct mcd_dataset){0};
    if (!r->data)
        return mcd_fail(e, MCD_INVALID, "data", "no data set is named");
    int status = find_files(r, &f, e);
    if (status == MCD_OK && !f.y && has_both(f.x, r))
        status = load_both(d, f.x, r, type, e);
    else if (status == MCD_OK)
        status = load_apart(d, &f, r, type, e);
    d->source = f.x;
    d->answers = d->answers ? d->answers : f.y;
    if (status)
        mcd_dataset_clear(d);
    return status;
}

void mcd_dataset_clear(struct mcd_dataset *d)
{
    mcd_array_clear(&d->x);
    mcd_array_clear(&d->y);
    mcd_array_clear(&d->truth);
    mcd_columns_clear(&d->columns);
    free(d->source);
    free(d->answers);
    *d = (struct mcd_dataset){0};
}
