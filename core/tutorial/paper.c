/* The pieces of a report, as JSON. */
#include "core/tutorial/paper.h"

#include "core/base/error.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <dirent.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- pieces ------------------------------------------------------------------------------ */

static void put(struct mcd_paper *p, json_t *object, const char *key, json_t *value)
{
    p->failed |= json_object_set_new(object, key, value);
}

static void append(struct mcd_paper *p, json_t *array, json_t *value)
{
    p->failed |= json_array_append_new(array, value);
}

/* An object or array that lives in `array`; borrowed. */
static json_t *append_new(struct mcd_paper *p, json_t *array, json_t *value)
{
    append(p, array, value);
    return json_array_get(array, json_array_size(array) - 1);
}

static json_t *put_new(struct mcd_paper *p, json_t *object, const char *key, json_t *value)
{
    put(p, object, key, value);
    return json_object_get(object, key);
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

__attribute__((format(printf, 1, 0))) static json_t *text_v(const char *format, va_list args)
{
    char text[2000];
    vsnprintf(text, sizeof text, format, args);
    return json_string(text);
}

/* ---- the head ---------------------------------------------------------------------------- */

void mcd_paper_begin(struct mcd_paper *p, const char *title, const char *subtitle)
{
    p->root = json_object();
    put(p, p->root, "format", json_string("mcdrop report 1"));
    put(p, p->root, "title", json_string(title));
    put(p, p->root, "subtitle", json_string(subtitle));
    put(p, p->root, "run", json_array());
    put(p, p->root, "notes", json_array());
    p->sections = put_new(p, p->root, "sections", json_array());
}

void mcd_paper_run(struct mcd_paper *p, const char *what, const char *value)
{
    json_t *pair = append_new(p, json_object_get(p->root, "run"), json_array());
    append(p, pair, json_string(what));
    append(p, pair, json_string(value));
}

void mcd_paper_note(struct mcd_paper *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    append(p, json_object_get(p->root, "notes"), text_v(format, args));
    va_end(args);
}

/* ---- sections and tables ----------------------------------------------------------------- */

void mcd_paper_section(struct mcd_paper *p, const char *id, const char *title)
{
    json_t *section = append_new(p, p->sections, json_object());
    put(p, section, "id", json_string(id));
    put(p, section, "title", json_string(title));
    put(p, section, "text", json_array());
    p->items = put_new(p, section, "items", json_array());
}

void mcd_paper_text(struct mcd_paper *p, const char *format, ...)
{
    json_t *section = json_array_get(p->sections, json_array_size(p->sections) - 1);
    va_list args;
    va_start(args, format);
    append(p, json_object_get(section, "text"), text_v(format, args));
    va_end(args);
}

void mcd_paper_add(struct mcd_paper *p, json_t *item)
{
    append(p, p->items, item);
}

static json_t *add_item(struct mcd_paper *p, const char *kind, const char *id, const char *title)
{
    json_t *item = append_new(p, p->items, json_object());
    put(p, item, "kind", json_string(kind));
    if (id)
        put(p, item, "id", json_string(id));
    if (title)
        put(p, item, "title", json_string(title));
    return item;
}

void mcd_paper_table(struct mcd_paper *p, const char *id, const char *title, const char *note,
                     const struct mcd_paper_column *column)
{
    json_t *table = add_item(p, "table", id, title);
    json_t *columns = put_new(p, table, "columns", json_array());
    if (note)
        put(p, table, "note", json_string(note));
    for (; column->name; column++) {
        json_t *c = append_new(p, columns, json_object());
        put(p, c, "name", json_string(column->name));
        put(p, c, "unit", text_or_null(column->unit));
        if (column->digits)
            put(p, c, "digits", json_integer(column->digits));
        put(p, c, "help", text_or_null(column->help));
    }
    p->rows = put_new(p, table, "rows", json_array());
}

void mcd_paper_row(struct mcd_paper *p, const char *name)
{
    p->row = append_new(p, p->rows, json_array());
    append(p, p->row, json_string(name));
}

void mcd_paper_cell(struct mcd_paper *p, double value, double error, const char *kind)
{
    if (!isfinite(value)) {
        append(p, p->row, json_null());
        return;
    }
    json_t *cell = append_new(p, p->row, json_object());
    put(p, cell, "value", json_real(value));
    if (!isfinite(error))
        return;
    put(p, cell, "error", json_real(error));
    put(p, cell, "error_kind", json_string(kind));
}

void mcd_paper_words(struct mcd_paper *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    append(p, p->row, text_v(format, args));
    va_end(args);
}

/* ---- figures ----------------------------------------------------------------------------- */

static int is_there(const struct mcd_paper *p, const char *file)
{
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", p->tutorial->dir, file);
    return access(path, F_OK) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files of a figure that are no pictures: figures/ID.gp, ID.dat, ID-NAME.dat. */
static void add_figure_files(struct mcd_paper *p, const char *id, json_t *files)
{
    char folder[4400], file[300], *name[32];
    size_t n = 0, length = strlen(id);
    snprintf(folder, sizeof folder, "%s/figures", p->tutorial->dir);
    DIR *d = opendir(folder);
    for (struct dirent *f; d && n < 32 && (f = readdir(d));) {
        const char *end = f->d_name + length;
        if (strncmp(f->d_name, id, length) == 0 && (*end == '.' || *end == '-') &&
            (strstr(end, ".dat") || strstr(end, ".gp")))
            name[n++] = strdup(f->d_name);
    }
    if (d)
        closedir(d);
    p->failed |= n > 0 && !name[n - 1];
    if (!p->failed)
        qsort(name, n, sizeof *name, by_name);
    for (size_t i = 0; i < n; i++) {
        snprintf(file, sizeof file, "figures/%s", name[i] ? name[i] : "");
        append(p, files, json_string(file));
        free(name[i]);
    }
}

void mcd_paper_figure(struct mcd_paper *p, const char *id, const char *title, const char *see)
{
    const struct mcd_step *step = mcd_steps_find(p->steps, id);
    char svg[80], png[80];
    if (!step || step->state == MCD_STEP_UNWANTED)
        return;
    snprintf(svg, sizeof svg, "figures/%s.svg", id);
    snprintf(png, sizeof png, "figures/%s.png", id);
    json_t *figure = add_item(p, "figure", id, title);
    put(p, figure, "see", json_string(see));
    if (!mcd_step_is_there(step)) {
        put(p, figure, "missing", json_string(step->reason ? step->reason : "it was not drawn"));
        return;
    }
    if (is_there(p, svg))
        put(p, figure, "svg", json_string(svg));
    else
        put(p, figure, "missing",
            json_string("gnuplot was not found: the data and the script are "
                        "there, and `gnuplot` draws it from them"));
    if (is_there(p, png))
        put(p, figure, "png", json_string(png));
    add_figure_files(p, id, put_new(p, figure, "files", json_array()));
}

/* ---- verdicts, claims, sources ----------------------------------------------------------- */

void mcd_paper_verdict(struct mcd_paper *p, int good, const char *text)
{
    json_t *item = add_item(p, "verdict", NULL, NULL);
    put(p, item, "good", json_boolean(good));
    put(p, item, "text", json_string(text));
}

void mcd_paper_claims(struct mcd_paper *p)
{
    p->rows = put_new(p, add_item(p, "claims", NULL, NULL), "rows", json_array());
}

void mcd_paper_claim(struct mcd_paper *p, const char *claim, const char *claimed, const char *seen,
                     const char *spread, const char *verdict)
{
    json_t *row = append_new(p, p->rows, json_object());
    put(p, row, "claim", json_string(claim));
    put(p, row, "claimed", json_string(claimed));
    put(p, row, "seen", json_string(seen));
    put(p, row, "spread", json_string(spread));
    put(p, row, "verdict", json_string(verdict));
}

static const char *describe(const char *file)
{
    static const char *const what[][2] = {
        {"history.csv", "loss and test errors of each epoch"},
        {"-posterior.json", "the posterior, diagnostics, and what is known without sampling"},
        {"weights.safetensors", "weights, and the run that made them"},
        {"-scores.json", "scores, with their standard errors"},
        {"-grid.json", "predictions on the grid"},
        {"-average.json", "weight averaging on the grid"},
        {".json", "predictions"},
        {"rotated.npy", "the image at twelve angles"},
        {".npy", "the outputs of every pass"},
    };
    for (size_t i = 0; i < sizeof what / sizeof *what; i++)
        if (strstr(file, what[i][0]))
            return what[i][1];
    return "";
}

static void add_files(struct mcd_paper *p, enum mcd_part part)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->steps->count; i++) {
        const struct mcd_step *step = &p->steps->step[i];
        if (step->part != part || !mcd_step_is_there(step))
            continue;
        for (unsigned k = 0; k < step->outputs; k++) {
            if (strncmp(step->output[k], "figures/", 8) == 0)
                continue;
            json_t *pair = append_new(p, list, json_array());
            append(p, pair, json_string(step->output[k]));
            append(p, pair, json_string(describe(step->output[k])));
        }
    }
    if (json_array_size(list) > 0)
        put(p, add_item(p, "files", NULL, "Files"), "files", json_incref(list));
    json_decref(list);
}

static const char *word_of(const struct mcd_step *step)
{
    return step->state == MCD_STEP_DONE      ? "done"
           : step->state == MCD_STEP_SKIPPED ? "skipped"
                                             : "failed";
}

void mcd_paper_sources(struct mcd_paper *p, enum mcd_part part)
{
    char text[8192];
    json_t *rows = json_array();
    add_files(p, part);
    for (size_t i = 0; i < p->steps->count; i++) {
        const struct mcd_step *step = &p->steps->step[i];
        if (step->part != part || step->state == MCD_STEP_UNWANTED || step->state == MCD_STEP_OPEN)
            continue;
        mcd_step_show(p->steps, step, p->tutorial->dir, text, sizeof text);
        json_t *row = append_new(p, rows, json_object());
        put(p, row, "command", json_string(text));
        put(p, row, "seconds", json_real(step->seconds));
        put(p, row, "status", json_string(word_of(step)));
    }
    if (json_array_size(rows) > 0)
        put(p, add_item(p, "commands", NULL, "Commands"), "rows", json_incref(rows));
    json_decref(rows);
}

/* ---- out --------------------------------------------------------------------------------- */

int mcd_paper_write(const struct mcd_paper *p, const char *path, struct mcd_error *e)
{
    struct mcd_output o = {0};
    size_t size = 0;
    char *text = p->failed ? NULL : mcd_json_text(p->root, JSON_INDENT(1), &size);
    if (!text)
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(path).text, "no memory for the report");
    int status = mcd_output_open(&o, path, e);
    if (!status)
        status = mcd_output_write(&o, text, size, e);
    if (!status)
        status = mcd_output_commit(&o, e);
    mcd_output_abort(&o);
    free(text);
    return status;
}

void mcd_paper_clear(struct mcd_paper *p)
{
    json_decref(p->root);
    *p = (struct mcd_paper){0};
}
