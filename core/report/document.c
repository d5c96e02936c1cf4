/* Reading and judging report.json: a table of members for each of its objects. */
#include "core/report/document.h"

#include "core/base/error.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A report holds figures of runs, not the runs. */
enum { LARGEST = 1 << 26, DEEPEST = 120 };

/* Where in the document we are, and what is known of it. */
struct judge {
    const char *path;
    char place[DEEPEST]; /* "sections[0].items[2]" */
    size_t length;
    json_t *ids; /* those met, as keys */
    struct mcd_error *e;
};

typedef int check(struct judge *, const json_t *);

struct member {
    const char *name;
    check *check;
    int optional;
};

/* ---- messages and walking ---------------------------------------------------------------- */

static const char *show_type(const json_t *json)
{
    static const char *const names[] = {"an object", "an array", "a text", "a whole number",
                                        "a number",  "true",     "false",  "null"};
    return names[json_typeof(json)];
}

__attribute__((format(printf, 2, 3))) static int refuse(struct judge *j, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mcd_fail(j->e, MCD_INVALID, mcd_place_member(j->path, j->place).text, "%s", text);
}

/* Lengthens the place; what is too deep for it does not occur in the form. */
__attribute__((format(printf, 2, 3))) static size_t enter(struct judge *j, const char *format, ...)
{
    size_t before = j->length;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(j->place + before, sizeof j->place - before, format, args);
    va_end(args);
    if (n > 0)
        j->length +=
            (size_t)n < sizeof j->place - before ? (size_t)n : sizeof j->place - before - 1;
    return before;
}

static void leave(struct judge *j, size_t before)
{
    j->length = before;
    j->place[before] = '\0';
}

static int judge_members(struct judge *j, const json_t *object, const struct member *member)
{
    int status = MCD_OK;
    if (!json_is_object(object))
        return refuse(j, "%s: expected an object", show_type(object));
    for (; !status && member->name; member++) {
        const json_t *value = json_object_get(object, member->name);
        if (member->optional && (!value || json_is_null(value)))
            continue;
        size_t before = enter(j, "%s%s", j->length ? "." : "", member->name);
        status = value ? member->check(j, value) : refuse(j, "it is missing");
        leave(j, before);
    }
    return status;
}

static int judge_each(struct judge *j, const json_t *array, check *one)
{
    int status = MCD_OK;
    if (!json_is_array(array))
        return refuse(j, "%s: expected an array", show_type(array));
    for (size_t i = 0; !status && i < json_array_size(array); i++) {
        size_t before = enter(j, "[%zu]", i);
        status = one(j, json_array_get(array, i));
        leave(j, before);
    }
    return status;
}

/* ---- single values ----------------------------------------------------------------------- */

static int is_text(struct judge *j, const json_t *json)
{
    return json_is_string(json) ? MCD_OK : refuse(j, "%s: expected a text", show_type(json));
}

static int is_words(struct judge *j, const json_t *json)
{
    int status = is_text(j, json);
    if (!status && json_string_length(json) == 0)
        return refuse(j, "it is empty: expected a text");
    return status;
}

static int is_texts(struct judge *j, const json_t *json)
{
    return judge_each(j, json, is_text);
}

static int is_truth(struct judge *j, const json_t *json)
{
    return json_is_boolean(json) ? MCD_OK
                                 : refuse(j, "%s: expected true or false", show_type(json));
}

static int is_number(struct judge *j, const json_t *json)
{
    return json_is_number(json) ? MCD_OK : refuse(j, "%s: expected a number", show_type(json));
}

static int is_amount(struct judge *j, const json_t *json)
{
    int status = is_number(j, json);
    if (!status && json_number_value(json) < 0)
        return refuse(j, "%g: expected 0 or more", json_number_value(json));
    return status;
}

static int is_digits(struct judge *j, const json_t *json)
{
    json_int_t digits = json_integer_value(json);
    return json_is_integer(json) && digits >= 0 && digits <= 15
               ? MCD_OK
               : refuse(j, "expected a whole number from 0 to 15");
}

/* Ids are unique, and in letters that need no care in HTML. */
static int is_id(struct judge *j, const json_t *json)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-";
    int status = is_words(j, json);
    const char *id = json_string_value(json);
    if (status)
        return status;
    if (id[strspn(id, allowed)] || strchr("0123456789_-", id[0]))
        return refuse(j, "'%s': expected a letter, then letters, digits, '_' and '-'",
                      mcd_show_text(id).text);
    if (json_object_get(j->ids, id))
        return refuse(j, "'%s' is there before: expected an id of its own", mcd_show_text(id).text);
    return json_object_set_new(j->ids, id, json_true()) == 0
               ? MCD_OK
               : mcd_fail(j->e, MCD_NOMEM, mcd_place_file(j->path).text, "no memory to read it");
}

/* A path that stays in the folder. */
static int is_path(struct judge *j, const json_t *json)
{
    int status = is_words(j, json);
    if (status)
        return status;
    const char *path = json_string_value(json);
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += part != path;
        if (*part == '/' || (strncmp(part, "..", 2) == 0 && (part[2] == '/' || !part[2])))
            return refuse(j, "'%s': expected a path within the report's folder",
                          mcd_show_text(path).text);
    }
    return MCD_OK;
}

static int is_paths(struct judge *j, const json_t *json)
{
    return judge_each(j, json, is_path);
}

static int is_one_of(struct judge *j, const json_t *json, const char *const *word,
                     const char *expected)
{
    int status = is_text(j, json);
    for (; !status && *word; word++)
        if (strcmp(json_string_value(json), *word) == 0)
            return MCD_OK;
    return status ? status
                  : refuse(j, "'%s': expected %s", mcd_show_text(json_string_value(json)).text,
                           expected);
}

/* ---- items ------------------------------------------------------------------------------- */

static int is_column(struct judge *j, const json_t *json)
{
    static const struct member column[] = {
        {"name", is_text, 0}, {"unit", is_text, 1}, {"digits", is_digits, 1},
        {"help", is_text, 1}, {NULL, NULL, 0},
    };
    return judge_members(j, json, column);
}

static int is_columns(struct judge *j, const json_t *json)
{
    int status = judge_each(j, json, is_column);
    if (!status && json_array_size(json) == 0)
        return refuse(j, "it is empty: expected the columns of a table");
    return status;
}

static int is_cell(struct judge *j, const json_t *json)
{
    static const struct member quantity[] = {
        {"value", is_number, 1},
        {"error", is_amount, 1},
        {"error_kind", is_text, 1},
        {NULL, NULL, 0},
    };
    if (json_is_object(json))
        return judge_members(j, json, quantity);
    if (json_is_string(json) || json_is_number(json) || json_is_null(json))
        return MCD_OK;
    return refuse(j, "%s: expected a text, a number, a value with its error, or null",
                  show_type(json));
}

static int is_row(struct judge *j, const json_t *json)
{
    return judge_each(j, json, is_cell);
}

static int is_rows(struct judge *j, const json_t *json)
{
    return judge_each(j, json, is_row);
}

static int is_table(struct judge *j, const json_t *json)
{
    static const struct member table[] = {
        {"id", is_id, 0},           {"title", is_words, 0}, {"note", is_text, 1},
        {"columns", is_columns, 0}, {"rows", is_rows, 0},   {NULL, NULL, 0},
    };
    int status = judge_members(j, json, table);
    const json_t *rows = json_object_get(json, "rows");
    size_t columns = json_array_size(json_object_get(json, "columns"));
    for (size_t i = 0; !status && i < json_array_size(rows); i++) {
        size_t cells = json_array_size(json_array_get(rows, i));
        size_t before = enter(j, ".rows[%zu]", i);
        if (cells != columns)
            status = refuse(j, "%zu cells: expected %zu, one for each column", cells, columns);
        leave(j, before);
    }
    return status;
}

static int is_figure(struct judge *j, const json_t *json)
{
    static const struct member figure[] = {
        {"id", is_id, 0},    {"title", is_words, 0}, {"see", is_words, 0},    {"svg", is_path, 1},
        {"png", is_path, 1}, {"files", is_paths, 1}, {"missing", is_text, 1}, {NULL, NULL, 0},
    };
    int status = judge_members(j, json, figure);
    if (!status && !*mcd_document_text(json, "svg") && !*mcd_document_text(json, "png") &&
        !*mcd_document_text(json, "missing"))
        return refuse(j, "a figure without a picture: expected svg or png, or missing");
    return status;
}

static int is_outcome(struct judge *j, const json_t *json)
{
    static const char *const words[] = {"holds", "fails", "not settled", NULL};
    return is_one_of(j, json, words, "holds, fails or not settled");
}

static int is_claim(struct judge *j, const json_t *json)
{
    static const struct member claim[] = {
        {"claim", is_words, 0}, {"claimed", is_text, 0},    {"seen", is_text, 0},
        {"spread", is_text, 1}, {"verdict", is_outcome, 0}, {NULL, NULL, 0},
    };
    return judge_members(j, json, claim);
}

static int are_claims(struct judge *j, const json_t *json)
{
    return judge_each(j, json, is_claim);
}

static int is_state(struct judge *j, const json_t *json)
{
    static const char *const words[] = {"done", "skipped", "failed", NULL};
    return is_one_of(j, json, words, "done, skipped or failed");
}

static int is_command(struct judge *j, const json_t *json)
{
    static const struct member command[] = {
        {"command", is_words, 0},
        {"seconds", is_amount, 1},
        {"status", is_state, 0},
        {NULL, NULL, 0},
    };
    return judge_members(j, json, command);
}

static int are_commands(struct judge *j, const json_t *json)
{
    return judge_each(j, json, is_command);
}

static int judge_pair(struct judge *j, const json_t *json, check *first, const char *expected)
{
    if (!json_is_array(json) || json_array_size(json) != 2)
        return refuse(j, "expected an array of two, %s", expected);
    size_t before = enter(j, "[0]");
    int status = first(j, json_array_get(json, 0));
    leave(j, before);
    before = enter(j, "[1]");
    if (!status)
        status = is_text(j, json_array_get(json, 1));
    leave(j, before);
    return status;
}

static int is_file(struct judge *j, const json_t *json)
{
    return judge_pair(j, json, is_path, "a path and what it holds");
}

static int are_files(struct judge *j, const json_t *json)
{
    return judge_each(j, json, is_file);
}

static int is_item(struct judge *j, const json_t *json)
{
    static const struct member claims[] = {{"rows", are_claims, 0}, {NULL, NULL, 0}};
    static const struct member verdict[] = {
        {"good", is_truth, 0}, {"text", is_words, 0}, {NULL, NULL, 0}};
    static const struct member files[] = {
        {"title", is_text, 1}, {"files", are_files, 0}, {NULL, NULL, 0}};
    static const struct member commands[] = {{"rows", are_commands, 0}, {NULL, NULL, 0}};
    static const struct member any[] = {{"kind", is_text, 0}, {NULL, NULL, 0}};
    int status = judge_members(j, json, any);
    if (status)
        return status;
    const char *kind = mcd_document_text(json, "kind");
    if (strcmp(kind, "table") == 0)
        return is_table(j, json);
    if (strcmp(kind, "figure") == 0)
        return is_figure(j, json);
    if (strcmp(kind, "claims") == 0)
        return judge_members(j, json, claims);
    if (strcmp(kind, "verdict") == 0)
        return judge_members(j, json, verdict);
    if (strcmp(kind, "files") == 0)
        return judge_members(j, json, files);
    if (strcmp(kind, "commands") == 0)
        return judge_members(j, json, commands);
    enter(j, ".kind");
    return refuse(j, "'%s': expected table, figure, claims, verdict, files or commands",
                  mcd_show_text(kind).text);
}

/* ---- the whole --------------------------------------------------------------------------- */

static int are_items(struct judge *j, const json_t *json)
{
    return judge_each(j, json, is_item);
}

static int is_section(struct judge *j, const json_t *json)
{
    static const struct member section[] = {
        {"id", is_id, 0},        {"title", is_words, 0}, {"text", is_texts, 1},
        {"items", are_items, 1}, {NULL, NULL, 0},
    };
    return judge_members(j, json, section);
}

static int are_sections(struct judge *j, const json_t *json)
{
    return judge_each(j, json, is_section);
}

static int is_fact(struct judge *j, const json_t *json)
{
    return judge_pair(j, json, is_words, "a name and a text");
}

static int are_facts(struct judge *j, const json_t *json)
{
    return judge_each(j, json, is_fact);
}

static int is_format(struct judge *j, const json_t *json)
{
    static const char *const words[] = {"mcdrop report 1", NULL};
    return is_one_of(j, json, words, "mcdrop report 1");
}

static int judge_document(struct judge *j, const json_t *json)
{
    static const struct member document[] = {
        {"format", is_format, 0}, {"title", is_words, 0}, {"subtitle", is_text, 1},
        {"run", are_facts, 1},    {"notes", is_texts, 1}, {"sections", are_sections, 0},
        {NULL, NULL, 0},
    };
    return judge_members(j, json, document);
}

static int parse_json(const char *path, const void *bytes, size_t size, json_t **json,
                      struct mcd_error *e)
{
    json_error_t reason;
    int status = mcd_json_parse(bytes, size, json, &reason);
    if (status == MCD_NOMEM)
        return mcd_fail(e, status, mcd_place_file(path).text, "no memory to read it");
    if (status)
        return mcd_fail(e, status,
                        mcd_place_line(path, (size_t)reason.line, (size_t)reason.column).text,
                        "it is no JSON: %s", mcd_show_text(reason.text).text);
    return MCD_OK;
}

/* The path in two: "DIR" or ".", and the name. */
static int split_path(const char *path, struct mcd_document *d, struct mcd_error *e)
{
    const char *slash = strrchr(path, '/');
    d->name = strdup(slash ? slash + 1 : path);
    d->folder = strdup(slash ? path : ".");
    if (d->folder && slash)
        d->folder[slash == path ? 1 : slash - path] = '\0';
    if (d->name && d->folder)
        return MCD_OK;
    return mcd_fail(e, MCD_NOMEM, mcd_place_file(path).text, "no memory to read it");
}

int mcd_document_parse(const char *path, const void *bytes, size_t size, struct mcd_document *d,
                       struct mcd_error *e)
{
    struct judge j = {.path = path, .e = e};
    *d = (struct mcd_document){0};
    int status = parse_json(path, bytes, size, &d->json, e);
    if (!status && !(j.ids = json_object()))
        status = mcd_fail(e, MCD_NOMEM, mcd_place_file(path).text, "no memory to read it");
    if (!status)
        status = judge_document(&j, d->json);
    if (!status)
        status = split_path(path, d, e);
    json_decref(j.ids);
    if (status)
        mcd_document_clear(d);
    return status;
}

int mcd_document_load(const char *path, struct mcd_document *d, struct mcd_error *e)
{
    struct mcd_bytes bytes;
    *d = (struct mcd_document){0};
    int status = mcd_file_read(path, LARGEST, &bytes, e);
    if (status)
        return status;
    status = mcd_document_parse(path, bytes.size ? bytes.data : (const void *)"", bytes.size, d, e);
    mcd_bytes_clear(&bytes);
    return status;
}

void mcd_document_clear(struct mcd_document *d)
{
    json_decref(d->json);
    free(d->folder);
    free(d->name);
    *d = (struct mcd_document){0};
}

const char *mcd_document_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

int mcd_document_path(const struct mcd_document *d, const char *path, char whole[PATH_MAX])
{
    return snprintf(whole, PATH_MAX, "%s/%s", d->folder, path) < PATH_MAX;
}
