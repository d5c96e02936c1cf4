/* Reports of checks. */
#include "core/cli/check_report.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/io/json_shown.h"
#include "core/plugin/search.h"

#include <inttypes.h>

/* CSV has all of these, JSON all but the first; text has the next FEW as a table. */
static const struct mcd_column columns[] = {
    {"plugin", 0}, {"check", 0},    {"verdict", 0}, {"cases", 0},  {"demand", 0}, {"note", 0},
    {"where", 0},  {"expected", 0}, {"seen", 0},    {"repeat", 0}, {"remedy", 0}};

enum { ALL = sizeof columns / sizeof *columns, FEW = 5 };

/* ---- how to repeat a check ----------------------------------------------------------------- */

struct command {
    char text[3 * PATH_MAX];
};

static void add(struct command *c, const char *text)
{
    size_t used = strlen(c->text);
    snprintf(c->text + used, sizeof c->text - used, "%s", text);
}

/* A word for the shell: in quotes where it needs them. */
static void add_word(struct command *c, const char *before, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=,+%@";
    int is_plain = word[strspn(word, plain)] == '\0';
    add(c, before);
    if (is_plain) {
        add(c, word);
        return;
    }
    add(c, "'");
    for (; *word; word++)
        add(c, *word == '\'' ? "'\\''" : (char[]){*word, '\0'});
    add(c, "'");
}

static void write_command(struct command *c, const struct mcd_check_order *o, const char *given,
                          const char *check)
{
    char seed[24];
    snprintf(c->text, sizeof c->text, "mcdrop check");
    add_word(c, " ", given);
    add_word(c, " --only ", check);
    snprintf(seed, sizeof seed, "%" PRIu64, o->seed);
    add_word(c, " --seed ", seed);
    for (const char *const *shape = o->input; *shape; shape++)
        add_word(c, " --input ", *shape);
    if (o->quick)
        add(c, " --quick");
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* Failures catch the eye in text. */
static const char *verdict_name(uint32_t verdict, enum mcd_format format)
{
    switch (verdict) {
    case MCD_CHECK_PASSED:
        return "passed";
    case MCD_CHECK_SKIPPED:
        return "skipped";
    default:
        return format == MCD_TEXT_FORMAT ? "FAILED" : "failed";
    }
}

/* The cells behind the first FEW: what a failure says, or nothing. */
static void add_failure(struct mcd_table *t, const struct mcd_checking *told, const char *repeat)
{
    int failed = told->verdict == MCD_CHECK_FAILED;
    const char *const cells[] = {told->where, told->expected, told->seen, repeat, told->remedy};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        mcd_table_text(t, failed && *cells[i] ? cells[i] : NULL);
}

/*
 * Why a check was skipped, or what else there is to know; a failure says more elsewhere, unless it
 * is like another one.
 */
static const char *note_of(const struct mcd_check_found *f)
{
    const char *note = f->told.verdict == MCD_CHECK_SKIPPED ? f->told.expected : f->told.note;
    return *note && (f->like || f->told.verdict != MCD_CHECK_FAILED) ? note : NULL;
}

static void add_row(struct mcd_table *t, enum mcd_format format, const struct mcd_check_order *o,
                    const char *given, const struct mcd_check_found *f)
{
    struct command repeat;
    write_command(&repeat, o, given, f->check->name);
    if (format == MCD_CSV_FORMAT)
        mcd_table_text(t, given);
    mcd_table_text(t, f->check->name);
    mcd_table_text(t, verdict_name(f->told.verdict, format));
    mcd_table_int(t, (int64_t)f->told.cases);
    mcd_table_text(t, f->check->demand);
    mcd_table_text(t, note_of(f));
    if (format != MCD_TEXT_FORMAT)
        add_failure(t, &f->told, repeat.text);
}

static void add_rows(struct mcd_table *t, enum mcd_format format, const struct mcd_check_order *o,
                     const char *given, const struct mcd_check_report *r)
{
    for (uint32_t i = 0; i < r->count; i++)
        add_row(t, format, o, given, &r->found[i]);
}

/* ---- text ---------------------------------------------------------------------------------- */

/* "linear:out=1,bias=yes": as files keep it, without the folder. */
static const char *short_spec(const struct mcd_check_report *r)
{
    const char *slash = strrchr(r->subject.path, '/');
    return r->subject.spec + (slash ? slash - r->subject.path + 1 : 0);
}

static void print_failure(const struct mcd_check_order *o, const char *given,
                          const struct mcd_check_found *f)
{
    struct command repeat;
    const struct mcd_checking *c = &f->told;
    write_command(&repeat, o, given, f->check->name);
    printf("\n%s%s%s\n", f->check->name, *c->where ? ": " : "", c->where);
    printf("  expected  %s\n  seen      %s\n  repeat    %s\n", c->expected, c->seen, repeat.text);
    if (*c->remedy)
        printf("  remedy    %s\n", c->remedy);
}

static int print_text(struct mcd_check_printer *p, const struct mcd_check_order *o,
                      const char *given, const struct mcd_check_report *r, struct mcd_error *e)
{
    const char *kind = mcd_plugin_kind_name(r->subject.kind);
    struct mcd_table *t = mcd_table_create(p->host, columns + 1, FEW, e);
    if (!t)
        return MCD_NOMEM;
    printf("%s%s, %s, %s\n\n", p->count ? "\n" : "", short_spec(r), kind ? kind : "not loaded",
           r->subject.path);
    add_rows(t, MCD_TEXT_FORMAT, o, given, r);
    int status = mcd_table_print(t, MCD_TEXT_FORMAT, stdout, e);
    mcd_table_destroy(t);
    for (uint32_t i = 0; i < r->count; i++)
        if (r->found[i].told.verdict == MCD_CHECK_FAILED && !r->found[i].like)
            print_failure(o, given, &r->found[i]);
    printf("\n%s: %u checks, %u passed, %u failed, %u skipped\n", given, r->count,
           r->verdicts[MCD_CHECK_PASSED], r->verdicts[MCD_CHECK_FAILED],
           r->verdicts[MCD_CHECK_SKIPPED]);
    return status;
}

/* ---- JSON and CSV -------------------------------------------------------------------------- */

static int keep_json(struct mcd_check_printer *p, const struct mcd_check_order *o,
                     const char *given, const struct mcd_check_report *r, struct mcd_error *e)
{
    json_t *rows = NULL, *plugin = json_object();
    struct mcd_table *t = mcd_table_create(p->host, columns + 1, ALL - 1, e);
    int status = t ? MCD_OK : MCD_NOMEM, wrong = 0;
    const char *kind = mcd_plugin_kind_name(r->subject.kind);
    if (t)
        add_rows(t, MCD_JSON_FORMAT, o, given, r);
    if (t)
        status = mcd_table_json(t, &rows, e);
    mcd_table_destroy(t);
    if (!p->plugins)
        p->plugins = json_array();
    wrong |= json_object_set_new(plugin, "plugin", mcd_json_shown(given)) != 0;
    wrong |= json_object_set_new(plugin, "specification", mcd_json_shown(short_spec(r))) != 0;
    wrong |= json_object_set_new(plugin, "kind", kind ? json_string(kind) : json_null()) != 0;
    wrong |= json_object_set_new(plugin, "path", mcd_json_shown(r->subject.path)) != 0;
    wrong |= json_object_set_new(plugin, "seed", mcd_json_natural(o->seed)) != 0;
    wrong |= json_object_set_new(plugin, "checks", rows) != 0;
    for (uint32_t v = MCD_CHECK_PASSED; v <= MCD_CHECK_SKIPPED; v++)
        wrong |= json_object_set_new(plugin, verdict_name(v, MCD_JSON_FORMAT),
                                     json_integer(r->verdicts[v])) != 0;
    wrong |= json_array_append_new(p->plugins, plugin) != 0;
    return status == MCD_OK && wrong ? mcd_fail(e, MCD_NOMEM, "", "out of memory") : status;
}

int mcd_check_print(struct mcd_check_printer *p, const struct mcd_check_order *o, const char *given,
                    const struct mcd_check_report *r, struct mcd_error *e)
{
    int status = MCD_OK;
    switch (p->format) {
    case MCD_TEXT_FORMAT:
        status = print_text(p, o, given, r, e);
        break;
    case MCD_JSON_FORMAT:
        status = keep_json(p, o, given, r, e);
        break;
    case MCD_CSV_FORMAT:
    case MCD_MARKDOWN_FORMAT: /* which only mcdrop bench has */
        if (!p->table)
            p->table = mcd_table_create(p->host, columns, ALL, e);
        if (!p->table)
            return MCD_NOMEM;
        add_rows(p->table, MCD_CSV_FORMAT, o, given, r);
        break;
    }
    p->count++;
    return status;
}

int mcd_check_print_end(struct mcd_check_printer *p, struct mcd_error *e)
{
    int status = MCD_OK;
    if (p->plugins)
        status = mcd_json_print(p->plugins, stdout, e);
    if (p->table)
        status = mcd_table_print(p->table, MCD_CSV_FORMAT, stdout, e);
    json_decref(p->plugins);
    mcd_table_destroy(p->table);
    *p = (struct mcd_check_printer){.host = p->host, .format = p->format};
    return status;
}

int mcd_check_print_list(const struct mcd_host *host, enum mcd_format format, struct mcd_error *e)
{
    static const struct mcd_column about[] = {{"kind", 0}, {"check", 0}, {"demand", 0}};
    struct mcd_table *t = mcd_table_create(host, about, 3, e);
    if (!t)
        return MCD_NOMEM;
    for (const struct mcd_check *const *list = mcd_check_lists; *list; list++)
        for (const struct mcd_check *c = *list; c->name; c++) {
            uint32_t kind = MCD_LAYER;
            while (kind < MCD_BACKEND && c->kinds != 1u << kind)
                kind++;
            mcd_table_text(t, c->kinds == 1u << kind ? mcd_plugin_kind_name(kind) : "any");
            mcd_table_text(t, c->name);
            mcd_table_text(t, c->demand);
        }
    int status = mcd_table_print(t, format, stdout, e);
    mcd_table_destroy(t);
    return status;
}
