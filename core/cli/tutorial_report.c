/* What was run and on what, the sections, and the few lines that a terminal gets. */
#include "core/cli/tutorial_report.h"

#include "core/base/error.h"
#include "core/base/machine.h"
#include "core/cli/child.h"
#include "core/cli/exit.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/tutorial/sections.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4400 };

/* ---- what it ran on ---------------------------------------------------------------------- */

int mcd_tutorial_gnuplot(char text[80])
{
    FILE *f = popen("exec \"${MCDROP_GNUPLOT:-gnuplot}\" --version 2>/dev/null", "re");
    *text = '\0';
    if (f && !fgets(text, 80, f))
        *text = '\0';
    text[strcspn(text, "\n")] = '\0';
    return f && pclose(f) == 0 && *text;
}

/* The library behind the backend, which only a process that loads it knows. */
static void say_library(struct mcd_paper *p)
{
    const struct mcd_tutorial *t = p->tutorial;
    const char *word[] = {"info", t->backend, "--format", "json"};
    char log[PATH_SIZE];
    struct mcd_child child = {.out = tmpfile(), .log = log, .title = "mcdrop info"};
    int status = 1;
    json_t *json = NULL;
    snprintf(log, sizeof log, "%s/logs/info.log", t->dir);
    if (child.out && mcd_child_run(&child, word, 4, &status, NULL) == MCD_OK && status == 0) {
        rewind(child.out);
        json = json_loadf(child.out, 0, NULL);
    }
    if (child.out)
        fclose(child.out);
    const char *library = json_string_value(mcd_reading_value(json, "0.library"));
    mcd_paper_run(p, "backend", t->backend);
    if (library)
        mcd_paper_run(p, "library", library);
    json_decref(json);
}

static void show_command(const struct mcd_tutorial *t, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "mcdrop tutorial --scale %s --seed %" PRIu64,
                                   t->scale->name, t->seed);
    unsigned all = (1u << MCD_PARTS) - 1;
    const char *before = " --only ";
    for (int i = 0; i < MCD_PARTS && (t->parts & all) != all && used < size; i++)
        if (t->parts & 1u << i) {
            used += (size_t)snprintf(text + used, size - used, "%s%s", before, mcd_part_names[i]);
            before = ",";
        }
    if (used < size)
        snprintf(text + used, size - used, " --backend %s --out %s", t->backend, t->dir);
}

static double seconds_of(const struct mcd_steps *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->count; i++)
        if (mcd_step_is_there(&s->step[i]))
            sum += s->step[i].seconds;
    return sum;
}

static void say_run(struct mcd_paper *p, const char *gnuplot)
{
    char text[PATH_SIZE];
    time_t now = time(NULL);
    struct tm utc;
    show_command(p->tutorial, text, sizeof text);
    mcd_paper_run(p, "command", text);
    snprintf(text, sizeof text, "%" PRIu64, p->tutorial->seed);
    mcd_paper_run(p, "seed", text);
    mcd_paper_run(p, "images", mcd_section_images(p));
    mcd_paper_run(p, "mcdrop", PACKAGE_VERSION);
    say_library(p);
    mcd_paper_run(p, "figures", gnuplot ? gnuplot : "gnuplot was not found");
    mcd_paper_run(p, "machine", mcd_machine().text);
    snprintf(text, sizeof text, "%.0f s for all steps that are in this report",
             seconds_of(p->steps));
    mcd_paper_run(p, "time", text);
    if (gmtime_r(&now, &utc) && strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &utc))
        mcd_paper_run(p, "date", text);
}

/* ---- what a reader must know first -------------------------------------------------------- */

static void say_failures(struct mcd_paper *p)
{
    for (size_t i = 0; i < p->steps->count; i++) {
        const struct mcd_step *step = &p->steps->step[i];
        if (step->state == MCD_STEP_FAILED || step->state == MCD_STEP_BLOCKED)
            mcd_paper_note(p, "The step %s was not done: %s.", step->id, step->reason);
        else if (step->is_bad)
            mcd_paper_note(p, "The verdict of %s is bad: do not trust its numbers.", step->id);
    }
}

static int has_any(const struct mcd_paper *p)
{
    for (int part = 0; part < MCD_PART_REPORT; part++)
        if (mcd_section_has(p, (enum mcd_part)part))
            return 1;
    return 0;
}

static void say_notes(struct mcd_paper *p, const char *gnuplot)
{
    const struct mcd_tutorial *t = p->tutorial;
    const struct mcd_scale *s = t->scale;
    char rows[40];
    if (strcmp(t->images, "mnist") != 0)
        mcd_paper_note(p,
                       "MNIST was not found: everything with images ran on Fashion-MNIST. Test "
                       "image %d of it, a piece of clothing, stands in for the turned one, and "
                       "numbers of errors are not those of digits.",
                       MCD_PLAN_INDEX);
    if (strcmp(s->name, "full") != 0)
        mcd_paper_note(p,
                       "Scale %s: networks learn %s training images for fewer epochs than in the "
                       "tutorial, so they make more errors than published.",
                       s->name, mcd_section_rows(s, rows));
    if (!gnuplot)
        mcd_paper_note(p, "gnuplot was not found: there are no pictures, but their data and "
                          "scripts are in figures/.");
    if (!has_any(p))
        mcd_paper_note(p, "Nothing of the tutorial has been done in this folder with this scale, "
                          "seed and backend.");
    say_failures(p);
}

/* ---- the summary ------------------------------------------------------------------------- */

/* And destroys it. NULL: it was not made, as the error says. */
static int print_table(struct mcd_table *t, struct mcd_error *e)
{
    int status = t ? MCD_OK : e->code;
    if (t && mcd_table_rows(t) > 0) {
        status = mcd_table_print(t, MCD_TEXT_FORMAT, stdout, e);
        putchar('\n');
    }
    mcd_table_destroy(t);
    return status ? mcd_report(e) : MCD_EXIT_OK;
}

static int print_errors(const struct mcd_host *host, const struct mcd_paper *p)
{
    static const struct mcd_column columns[] = {
        {"network", 0}, {"final_errors", 4}, {"sd", 2}, {"seeds", 0}};
    struct mcd_error e = {0};
    struct mcd_table *t = mcd_table_create(host, columns, 4, &e);
    for (int net = 0; t && net < MCD_NETS; net++) {
        struct mcd_claim c = mcd_section_final(p, net);
        if (!c.runs)
            continue;
        mcd_table_text(t, mcd_plan_nets[net].label);
        mcd_table_real(t, c.mean);
        mcd_table_real(t, c.sd);
        mcd_table_int(t, (int64_t)c.runs);
    }
    return print_table(t, &e);
}

static int print_claims(const struct mcd_host *host, const struct mcd_paper *p)
{
    static const struct mcd_column columns[] = {{"verdict", 0}, {"claim", 0}, {"seen", 0}};
    struct mcd_error e = {0};
    struct mcd_table *t = mcd_table_create(host, columns, 3, &e);
    const json_t *rows = mcd_reading_value(p->root, "sections.0.items.0.rows"), *row;
    size_t i;
    json_array_foreach(t ? rows : NULL, i, row)
    {
        mcd_table_text(t, json_string_value(json_object_get(row, "verdict")));
        mcd_table_text(t, json_string_value(json_object_get(row, "claim")));
        mcd_table_text(t, json_string_value(json_object_get(row, "seen")));
    }
    return print_table(t, &e);
}

static int print_summary(const struct mcd_host *host, const struct mcd_paper *p)
{
    const struct mcd_tutorial *t = p->tutorial;
    printf("tutorial: scale %s, %s, seed %" PRIu64 ", %.0f s\n\n", t->scale->name, t->images,
           t->seed, seconds_of(p->steps));
    int status = print_errors(host, p);
    if (!status)
        status = print_claims(host, p);
    printf("The report: %s/report.html\n", t->dir);
    return status;
}

/* ---- all of it --------------------------------------------------------------------------- */

static void build(struct mcd_paper *p, const char *gnuplot)
{
    char subtitle[200];
    snprintf(subtitle, sizeof subtitle, "mcdrop tutorial, scale %s", p->tutorial->scale->name);
    mcd_paper_begin(p, "Dropout as regularisation and as Bayesian approximation", subtitle);
    say_run(p, gnuplot);
    say_notes(p, gnuplot);
    if (has_any(p))
        mcd_section_claims(p);
    mcd_section_nets(p, MCD_PART_MLP);
    mcd_section_nets(p, MCD_PART_LENET);
    mcd_section_rotated(p);
    mcd_section_series(p);
    mcd_section_gp(p);
    mcd_section_compare(p);
    mcd_section_report(p);
}

/* The page, from the JSON, as a user would make it. */
static int make_page(const struct mcd_tutorial *t)
{
    struct mcd_error e = {0};
    const char *word[] = {"report", t->dir};
    char log[PATH_SIZE], title[PATH_SIZE];
    struct mcd_child child = {.log = log, .title = title};
    int status = 0;
    snprintf(log, sizeof log, "%s/logs/report.log", t->dir);
    snprintf(title, sizeof title, "mcdrop report %s", t->dir);
    if (mcd_child_run(&child, word, 2, &status, &e) == MCD_OK && status != 0)
        mcd_fail(&e, MCD_IO, "report.html", "%s", child.last);
    return e.code ? mcd_report(&e) : MCD_EXIT_OK;
}

int mcd_tutorial_report(const struct mcd_host *host, const struct mcd_steps *s,
                        const struct mcd_tutorial *t, const char *gnuplot, enum mcd_format format)
{
    struct mcd_paper p = {.steps = s, .tutorial = t};
    struct mcd_error e = {0};
    char path[PATH_SIZE];
    build(&p, gnuplot);
    snprintf(path, sizeof path, "%s/report.json", t->dir);
    int status = mcd_paper_write(&p, path, &e) ? mcd_report(&e) : make_page(t);
    if (!status && format == MCD_JSON_FORMAT)
        status = mcd_json_print(p.root, stdout, &e) ? mcd_report(&e) : MCD_EXIT_OK;
    else if (!status)
        status = print_summary(host, &p);
    mcd_paper_clear(&p);
    return status;
}
