/*
 * mcdrop plot: what it writes, with gnuplot and without, from sound and from damaged results, and
 * with whatever texts and names a user may have.
 */
#include <mcdrop/plugin.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/host.h"
#include "core/io/npy.h"
#include "core/network/draws.h"
#include "scratch.h"

#include "program.h"

#include <ctype.h>
#include <math.h>

/* For figures that need no picture: data and script are what is looked at. */
#define UNDRAWN "MCDROP_GNUPLOT=/nowhere/gnuplot \"$M\" plot "
#define DRAWN   "\"$M\" plot "

static int has_gnuplot(void)
{
    return system("gnuplot --version >/dev/null 2>&1") == 0;
}

static int exists(const char *name)
{
    return access(scratch_path(name), F_OK) == 0;
}

static void drop(const char *name)
{
    unlink(scratch_path(name));
}

/* ---- a small check of XML ------------------------------------------------------------------ */

enum { DEEPEST = 50, MOST_IDS = 400 };

struct xml {
    const char *p;
    char open[DEEPEST][40];
    int depth, ids;
    char id[MOST_IDS][80];
};

static void xml_fail(const struct xml *x, const char *what)
{
    fail_msg("SVG: %s at '%.60s'", what, x->p);
}

static void xml_name(struct xml *x, char *name)
{
    size_t n = 0;
    while (isalnum((unsigned char)*x->p) || strchr(":-_", *x->p ? *x->p : ' '))
        if (n < 39)
            name[n++] = *x->p++;
        else
            xml_fail(x, "a long name");
    name[n] = '\0';
    if (n == 0)
        xml_fail(x, "no name");
}

/* Up to `end`: no control character, no bare ampersand or less-than. */
static void xml_text(struct xml *x, char end)
{
    for (; *x->p && *x->p != end; x->p++) {
        if ((unsigned char)*x->p < ' ' && !strchr("\t\r\n", *x->p))
            xml_fail(x, "a control character");
        if (*x->p == '<' && end != '<')
            xml_fail(x, "a less-than in a value");
        if (*x->p == '&' && strncmp(x->p, "&lt;", 4) != 0 && strncmp(x->p, "&gt;", 4) != 0 &&
            strncmp(x->p, "&amp;", 5) != 0 && strncmp(x->p, "&quot;", 6) != 0)
            xml_fail(x, "an ampersand");
    }
}

static void xml_attribute(struct xml *x)
{
    char name[40];
    const char *value;
    xml_name(x, name);
    if (x->p[0] != '=' || (x->p[1] != '"' && x->p[1] != '\''))
        xml_fail(x, "no value");
    char quote = x->p[1];
    value = x->p += 2;
    xml_text(x, quote);
    int length = (int)(x->p - value);
    if (strcmp(name, "id") == 0) {
        assert_true(x->ids < MOST_IDS && length < 80);
        snprintf(x->id[x->ids], 80, "%.*s", length, value);
        for (int i = 0; i < x->ids; i++)
            if (strcmp(x->id[i], x->id[x->ids]) == 0)
                xml_fail(x, "an id that occurs twice");
        x->ids++;
    }
    if (strstr(name, "href") && value[0] != '#' && strncmp(value, "data:", 5) != 0)
        xml_fail(x, "a reference to elsewhere");
    if (strncmp(name, "on", 2) == 0)
        xml_fail(x, "a script");
    x->p++;
}

static void xml_tag(struct xml *x)
{
    char name[40];
    if (*x->p == '/') {
        x->p++;
        xml_name(x, name);
        if (x->depth == 0 || strcmp(x->open[x->depth - 1], name) != 0)
            xml_fail(x, "an end that closes nothing");
        x->depth--;
    } else {
        xml_name(x, name);
        if (strcmp(name, "script") == 0)
            xml_fail(x, "a script");
        assert_true(x->depth < DEEPEST);
        strcpy(x->open[x->depth++], name);
        for (;;) {
            x->p += strspn(x->p, " \t\r\n");
            if (*x->p == '>' || *x->p == '/')
                break;
            xml_attribute(x);
        }
        if (*x->p == '/') {
            x->p++;
            x->depth--;
        }
    }
    if (*x->p++ != '>')
        xml_fail(x, "no end of a tag");
}

/* Well-formed, ids once each and beginning with `prefix`, nothing from elsewhere. */
static void check_svg(const char *file, const char *prefix)
{
    char *text = program_text(file, NULL);
    struct xml *x = calloc(1, sizeof *x);
    assert_non_null(x);
    assert_int_equal(strncmp(text, "<?xml ", 6), 0);
    x->p = strstr(text, "?>") + 2;
    for (xml_text(x, '<'); *x->p; xml_text(x, '<')) {
        x->p++;
        xml_tag(x);
    }
    assert_int_equal(x->depth, 0);
    assert_true(x->ids > 5);
    for (int i = 0; i < x->ids; i++)
        if (strncmp(x->id[i], prefix, strlen(prefix)) != 0)
            fail_msg("%s: id '%s' does not begin with %s", file, x->id[i], prefix);
    assert_non_null(strstr(text, "class=\"mcd-card\""));
    assert_non_null(strstr(text, "currentColor"));
    free(x);
    free(text);
}

/* ---- inputs -------------------------------------------------------------------------------- */

static void write_histories(void)
{
    scratch_text("a.csv", "epoch,loss,test_errors,seconds\n1,1,30,1\n2,1,20,2\n3,1,16,3\n");
    scratch_text("b.csv", "epoch,loss,test_errors,seconds\n1,1,40,1\n2,1,24,2\n3,1,10,3\n");
    scratch_text("c.csv", "epoch,loss,test_errors,seconds\n1,1,36,1\n2,1,21,2\n");
}

/* Ten rows in a bin of which none is right, a hundred of which 90 are. */
static const char reliability[] =
    "{\"scores\": {\"monte_carlo\": {\"ece\": {\"value\": 0.125}, \"ece_bins\": ["
    "{\"from\": 0, \"to\": 0.5, \"count\": 10, \"confidence\": 0.25, \"accuracy\": 0},"
    "{\"from\": 0.5, \"to\": 0.75, \"count\": 0, \"confidence\": null, \"accuracy\": null},"
    "{\"from\": 0.75, \"to\": 1, \"count\": 100, \"confidence\": 0.875, \"accuracy\": 0.9}]}}}";

/* Logits of 2 passes, 2 images and 2 classes; image 2 changes its mind. */
static void write_samples(void)
{
    static float logits[] = {2, -2, 1, -1, 2, -2, -1, 1};
    struct mcd_array a = {.type = MCD_F32, .rank = 3, .dim = {2, 2, 2}, .data = logits};
    struct mcd_error e = {0};
    assert_ok(mcd_npy_write(scratch_path("samples.npy"), &a, &e), e);
}

static void write_images(void)
{
    static uint8_t pixels[3 * 2 * 2] = {0, 255, 255, 0, 0, 0, 51, 0, 255, 255, 255, 255};
    struct mcd_array a = {.type = MCD_U8, .rank = 3, .dim = {3, 2, 2}, .data = pixels};
    struct mcd_error e = {0};
    assert_ok(mcd_npy_write(scratch_path("images.npy"), &a, &e), e);
}

enum { DRAWS = 40 };

/* q[2 chains][DRAWS][2 quantities] */
static void write_posterior(const char *name, double *q)
{
    double x[] = {0}, y[] = {0};
    char l[] = "l", odd[] = "100 %s", *names[] = {l, odd};
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    assert_non_null(host);
    struct mcd_draws_file d = {.host = host,
                               .chains = 2,
                               .draws = DRAWS,
                               .dim = 2,
                               .max_depth = 10,
                               .q = q,
                               .names = names,
                               .rows = 1,
                               .columns = 1,
                               .x = x,
                               .y = y};
    assert_ok(mcd_draws_write(scratch_path(name), &d, NULL, &e), e);
    mcd_host_destroy(host);
}

/* The first quantity alternates, the second rises in one chain and falls in the other. */
static void write_draws(void)
{
    double q[2 * DRAWS * 2];
    for (int i = 0; i < 2 * DRAWS; i++) {
        q[2 * i] = i % 2 ? 3 : 1;
        q[2 * i + 1] = i < DRAWS ? i : 3 * DRAWS - i;
    }
    write_posterior("draws.safetensors", q);
}

static void write_stuck(void)
{
    double q[2 * DRAWS * 2];
    for (int i = 0; i < 2 * DRAWS * 2; i++)
        q[i] = 7;
    write_posterior("stuck.safetensors", q);
}

/* The data directory of the sources has the series. */
static const char series[] = "--data \"$MCDROP_TEST_SRCDIR/../data/co2.csv\" ";

static const char band[] =
    "{\"output_mean\": [[1], [2], [3]], \"output_std\": [[0.3], [0.4], [null]], \"noise_std\": "
    "[0.4]}";

static void write_all(void)
{
    write_histories();
    write_samples();
    write_images();
    write_draws();
    scratch_text("reliability.json", reliability);
    scratch_text("band.json", band);
    scratch_text("average.json", "{\"deterministic\": [1, 2, 3]}");
}

/* ---- data ---------------------------------------------------------------------------------- */

static void repetitions_are_median_and_range(void **state)
{
    (void)state;
    write_histories();
    assert_program(0, UNDRAWN "errors --out f x=a.csv y=b.csv x=c.csv");
    char *text = program_text("f.dat", NULL);
    assert_string_equal(text, "# x, runs: 2\n# epoch median lowest highest\n1 33 30 36\n"
                              "2 20.5 20 21\n3 16 16 16\n\n\n"
                              "# y, runs: 1\n# epoch median lowest highest\n1 40 40 40\n"
                              "2 24 24 24\n3 10 10 10\n\n\n");
    free(text);
    assert_has("f.gp", "set yrange [10:40]"); /* all of it: a tenth of three epochs is none */
    assert_program(0, UNDRAWN "errors --out f x=a.csv --y -3:50.5");
    assert_has("f.gp", "set yrange [-3:50.5]");
}

static void bins_have_wilsons_interval(void **state)
{
    (void)state;
    write_all();
    assert_program(0, UNDRAWN "reliability --out f net=reliability.json");
    assert_has("f.dat", "# net, Monte Carlo, calibration error (ECE) 0.125\n");
    /* z^2 / (n + z^2) for none of 10; 90 of 100: (0.8256 0.9448), Brown, Cai & DasGupta's score. */
    assert_has("f.dat", "\n0 0.5 10 0.25 0 0.000000 0.277533\n");
    assert_has("f.dat", "\n0.75 1 100 0.875 0.9 0.825634 0.944771\n");
    char *text = program_text("f.dat", NULL);
    assert_null(strstr(text, "0.5 0.75"));
    free(text);
}

static void samples_are_counted_by_step(void **state)
{
    (void)state;
    write_samples();
    assert_program(0, UNDRAWN "samples --out f --classes 1,0 samples.npy");
    /* The axis is -2 to 2 in 120 steps: both passes of image 1 on the lowest step of class 1. */
    assert_has("f.dat", "\n1 1 1 -1.98333 2\n1 0 2 1.98333 2\n");
    assert_has("f.dat", "\n2 1 1 -0.983333 1\n2 1 1 1.01667 1\n");
    assert_program(0, UNDRAWN "samples --out f --rows 1 samples.npy");
    assert_has("f.dat", "\n1 0 1 1.98333 2\n"); /* the likelier one first */
}

static void bands_add_the_noise(void **state)
{
    (void)state;
    write_all();
    assert_program(0, UNDRAWN "bands --out f --grid 0:1:0.5 %s m=band.json w=average.json", series);
    assert_has("f.dat", "# m\n# x mean epistemic_sd total_sd\n0 1 0.3 0.5\n0.5 2 0.4 ");
    assert_has("f.dat", "\n1 3 nan nan\n");
    assert_has("f.dat", "# w\n# x mean\n0 1\n0.5 2\n1 3\n");
    assert_has("f.gp", "set yrange [-20:20]");
}

static void images_have_captions(void **state)
{
    (void)state;
    write_images();
    tiny_data("digits");
    assert_program(0, UNDRAWN "digits --out f --captions \"a,b c,it's\" images.npy");
    assert_has("f.dat", "# a\n0 1\n1 0\n\n\n# b c\n0 0\n0.2 0\n\n\n# it's\n1 1\n1 1\n");
    assert_has("f.gp", "set label 'it''s' at");
    assert_program(0, UNDRAWN "digits --out f --data digits --rows 3");
    assert_has("f.dat", "# 3 images of 8 rows and 8 columns");
    assert_has("f.gp", "set label '2' at 2.5");
    assert_program(2, UNDRAWN "digits --out f --captions a,b images.npy");
    assert_has("err", "--captions: 2 of them: expected one for each of the 3 images");
}

/* Sorted, 1 and 3 twenty times each; the quantiles of 0 to 39 and of 1 to 40 behind the mean. */
static void chains_have_their_curves(void **state)
{
    (void)state;
    write_draws();
    assert_program(0, UNDRAWN "chains --out f draws.safetensors");
    assert_has("f-autocorrelation.dat", "# l, chain 1\n0 1\n1 -0.975\n2 0.95\n");
    assert_has("f-autocorrelation.dat", "\n39 -0.025\n\n\n# l, chain 2\n");
    assert_has("f-trace.dat", "# 100 %s, chain 2\n1 80\n2 79\n");
    assert_has("f-forest.dat", "# l, chain 1\n0 -0.99373 -0.99373 0 0.99373 0.99373\n");
    assert_has("f.gp", "name2 = '100 %s'");
    assert_has("f.gp", "textcolor rgb colour(2)"); /* chains that go apart have a bad R-hat */
}

/* ---- pictures ------------------------------------------------------------------------------ */

static const struct {
    const char *figure, *rest;
} every[] = {
    {"errors", "x=a.csv x=b.csv y=c.csv"},
    {"reliability", "net=reliability.json"},
    {"samples", "samples.npy"},
    {"digits", "images.npy --captions 1,2,3"},
    {"bands", "--grid 0:1:0.5 m=band.json w=average.json"},
    {"series", ""},
    {"chains", "draws.safetensors"},
};

enum { EVERY = sizeof every / sizeof *every };

static int takes_series(const char *figure)
{
    return strcmp(figure, "bands") == 0 || strcmp(figure, "series") == 0;
}

/* What is printed is what there is. */
static void check_files(const char *figure, const char *pictures)
{
    char expected[200], *text = program_text("out", NULL);
    snprintf(expected, sizeof expected, "f.gp\n%s%s",
             strcmp(figure, "chains") == 0
                 ? "f-autocorrelation.dat\nf-trace.dat\nf-density.dat\nf-forest.dat\n"
                 : "f.dat\n",
             pictures);
    assert_string_equal(text, expected);
    free(text);
    assert_true(exists(strcmp(figure, "chains") == 0 ? "f-forest.dat" : "f.dat"));
}

static void every_figure_is_drawn(void **state)
{
    (void)state;
    if (!has_gnuplot()) {
        print_message("gnuplot is not installed: no pictures to look at\n");
        return;
    }
    write_all();
    for (size_t i = 0; i < EVERY; i++) {
        const char *data = takes_series(every[i].figure) ? series : "";
        assert_program(0, DRAWN "%s --out f %s %s", every[i].figure, data, every[i].rest);
        check_files(every[i].figure, "f.svg\nf.png\n");
        check_svg("f.svg", "f-");
        assert_has("f.png", "\x89PNG");
        /* The same again, and by gnuplot alone. */
        assert_program(0, "cp f.svg was.svg; cp f.png was.png; cat f.gp f*.dat > was");
        assert_program(0, DRAWN "%s --out f %s %s", every[i].figure, data, every[i].rest);
        assert_same_file("f.svg", "was.svg");
        assert_same_file("f.png", "was.png");
        assert_program(0, "cat f.gp f*.dat > is");
        assert_same_file("is", "was");
        assert_program(0, "rm f.svg f.png; gnuplot f.gp");
        assert_same_file("f.png", "was.png");
        assert_has("f.svg", "<svg");
    }
    /* Two in one page: no id twice. */
    assert_program(0, DRAWN "errors --out g a.csv");
    check_svg("g.svg", "g-");
}

static void without_gnuplot_there_are_data_and_script(void **state)
{
    (void)state;
    write_all();
    for (size_t i = 0; i < EVERY; i++) {
        drop("f.svg");
        drop("f.png");
        assert_program(0, UNDRAWN "%s --out f %s %s", every[i].figure,
                       takes_series(every[i].figure) ? series : "", every[i].rest);
        assert_has("err", "warning: /nowhere/gnuplot was not found");
        assert_has("err", "gnuplot-nox");
        check_files(every[i].figure, "");
        assert_true(exists("f.gp") && !exists("f.svg") && !exists("f.png"));
    }
    assert_program(0, "PATH=/nowhere \"$M\" plot errors --out f a.csv --format json");
    json_t *json = program_json("out");
    assert_int_equal(json_array_size(json_object_get(json, "files")), 2);
    assert_non_null(strstr(json_string_value(json_object_get(json, "missing")), "gnuplot was not"));
    json_decref(json);
}

static void a_failing_gnuplot_is_reported(void **state)
{
    (void)state;
    write_all();
    drop("f.svg");
    drop("f.png");
    scratch_text("broken", "#!/bin/sh\necho 'line 7: '\necho '  no   terminal' >&2\nexit 3\n");
    scratch_text("killed", "#!/bin/sh\nkill -9 $$\n");
    scratch_text("lazy", "#!/bin/sh\nexit 0\n");
    scratch_text("torn", "#!/bin/sh\n"
                         "s=${3#*\"'\"}; s=${s%%\"'\"*}\n"
                         "echo '<svg><g id=' > \"$s\"; echo > \"${s%svg}png\"\n");
    chmod(scratch_path("broken"), 0755);
    chmod(scratch_path("killed"), 0755);
    chmod(scratch_path("lazy"), 0755);
    chmod(scratch_path("torn"), 0755);
    assert_program(1, "MCDROP_GNUPLOT=./broken " DRAWN "errors --out f a.csv");
    assert_has("err", "./f.gp: ./broken ended with status 3: line 7: no terminal\n");
    assert_true(exists("f.gp") && exists("f.dat"));
    assert_program(1, "MCDROP_GNUPLOT=./killed " DRAWN "errors --out f a.csv");
    assert_has("err", "was ended by signal 9: it said nothing");
    assert_program(1, "MCDROP_GNUPLOT=./lazy " DRAWN "errors --out f a.csv");
    assert_has("err", "No such file");
    assert_program(1, "MCDROP_GNUPLOT=./torn " DRAWN "errors --out f a.csv");
    assert_has("err", "SVG: expected attributes of a tag");
    assert_true(!exists("f.svg") && !exists("f.png"));
}

/* What is drawn of a chain that does not move, of one epoch, of what is not known anywhere. */
static void dull_results_are_drawn(void **state)
{
    (void)state;
    write_all();
    scratch_text("one.csv", "epoch,test_errors\n0,5\n");
    scratch_text("unknown.json", "{\"output_mean\": [null, 1], \"output_std\": [null, null]}");
    write_stuck();
    assert_program(0, DRAWN "errors --out f one.csv");
    assert_program(0, DRAWN "bands --out f --grid 0:1:1 %s unknown.json", series);
    assert_program(0, DRAWN "chains --out f stuck.safetensors");
    assert_has("f-autocorrelation.dat", "\n0 nan\n1 nan\n");
    assert_has("f-forest.dat", "\n0 0 0 0 0 0\n");
}

/* ---- texts and names ----------------------------------------------------------------------- */

/* What means something to a shell, to gnuplot, to printf or to XML. */
static void odd_labels_are_only_text(void **state)
{
    (void)state;
    write_histories();
    scratch_text("odd.sh",
                 "l=$(printf 'it'\\''s \"x\" `touch pwned` $(touch pwned) %%s%%n\\\\ {/Bold b}'\n"
                 "printf '_2^3 <b>&amp; @a\\n}{ # \\tend\\001')\n"
                 "\"$M\" plot errors --out f \"$l=a.csv\" \"l}=b.csv\"\n");
    scratch_text("bytes.sh",
                 "\"$M\" plot errors --out f \"$(printf 'a\\377\\302\\205b')=a.csv\"\n");
    assert_program(0, "sh odd.sh");
    assert_false(exists("pwned"));
    if (exists("f.svg")) {
        check_svg("f.svg", "f-");
        assert_has("f.svg", "it's \"x\" `touch pwned` $(touch pwned) %s%n\\ {/Bold b}");
        assert_has("f.svg", "l}</text>");
    }
    assert_program(0, "sh bytes.sh");
    if (exists("f.svg")) {
        check_svg("f.svg", "f-");
        assert_has("f.svg", "<text>a? b</text>");
    }
}

static void odd_names_are_only_names(void **state)
{
    (void)state;
    static const char *const names[] = {"<touch pwned",  "|touch pwned", "-e x",  "a'b\"c",
                                        "`touch pwned`", "$(touch p)",   "~",     "a\nb",
                                        "%s %n",         "{a;b}#",       "é\xff", "a\\"};
    write_histories();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[80];
        assert_int_equal(setenv("NAME", names[i], 1), 0);
        assert_program(0, DRAWN "errors --out \"./$NAME\" a.csv");
        for (int k = 0; k < 4; k++) {
            snprintf(name, sizeof name, "%s.%s", names[i],
                     (const char *[]){"dat", "gp", "svg", "png"}[k]);
            assert_true(k >= 2 && !has_gnuplot() ? !exists(name) : exists(name));
            drop(name);
        }
        assert_false(exists("pwned"));
    }
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void damaged_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *file, *text, *command, *message;
    } bad[] = {
        {"h.csv", "epoch,loss\n1,2\n", "errors x=h.csv",
         "h.csv: line 1, column 1: no column 'test_errors': expected epoch, loss, or 1 to 2"},
        {"h.csv", "epoch,test_errors\n1,nan\n", "errors x=h.csv",
         "h.csv: line 2, column 2: 'nan' is not finite: expected a number"},
        {"h.csv", "", "errors x=h.csv", "h.csv: line 1, column 1: the file is empty"},
        {"j.json", "{\"output_mean\": [", "bands x=j.json",
         "expected what mcdrop prints with --format json"},
        {"j.json", "[1]", "bands x=j.json", "j.json: not a JSON object"},
        {"j.json", "{\"output_mean\": [1, 2]}", "bands x=j.json",
         "j.json: output_mean: 2 rows: expected a list of 523, one for each input"},
        {"j.json", "{\"output_mean\": [1, \"x\"]}", "bands --grid 0:1:1 x=j.json",
         "j.json: output_mean[1]: expected a number, or null"},
        {"j.json", "{\"output_mean\": [1, [1, 2]]}", "bands --grid 0:1:1 x=j.json",
         "j.json: output_mean[1]: expected a number, or null"},
        {"j.json", "{\"output_mean\": [1, 2]}", "bands --grid 0:1:1 x=j.json",
         "j.json: output_std: 0 rows: expected a list of 2"},
        {"j.json", "{}", "reliability x=j.json", "j.json: scores.monte_carlo: no scores"},
        {"j.json", "{\"scores\": {\"weight_averaging\": [{\"rmse\": 1}]}}", "reliability x=j.json",
         "j.json: scores.weight_averaging: no ece_bins"},
        {"j.json",
         "{\"scores\": {\"monte_carlo\": {\"ece\": {\"value\": 1}, \"ece_bins\": [{\"from\": 0, "
         "\"to\": 1, \"count\": 5, \"confidence\": 1, \"accuracy\": 7}]}}}",
         "reliability x=j.json",
         "j.json: ece_bins: a bin from 0 to 1 with accuracy 7: expected a share of 0 to 1"},
        {"j.json", "{\"scores\": {\"monte_carlo\": {\"ece\": {\"value\": 1}, \"ece_bins\": [7]}}}",
         "reliability x=j.json", "j.json: ece_bins.from: expected a number, or null"},
        {"n.npy", "\x93NUMPY", "samples n.npy", "n.npy: byte"},
        {"n.npy", "no array", "digits n.npy", "n.npy: byte 0"},
        {"w.safetensors", "x", "chains w.safetensors", "w.safetensors: "},
        {"co2.csv", "month,ppm\n1958-03,1\n1958-04,2\n1958-05,3\n", "series --data co2.csv",
         "co2.csv: 3 measurements on a line"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        scratch_text(bad[i].file, bad[i].text);
        assert_program(1, UNDRAWN "%s --out bad", bad[i].command);
        assert_has("err", bad[i].message);
        assert_false(exists("bad.gp") || exists("bad.dat"));
    }
}

static void shapes_are_checked(void **state)
{
    (void)state;
    static float many[3 * 2 * 2 * 2];
    struct mcd_array a = {.type = MCD_F32, .rank = 4, .dim = {3, 2, 2, 2}, .data = many};
    struct mcd_error e = {0};
    assert_ok(mcd_npy_write(scratch_path("many.npy"), &a, &e), e);
    assert_program(1, UNDRAWN "digits --out bad many.npy");
    assert_has("err", "many.npy: not images of one channel");
    assert_program(1, UNDRAWN "samples --out bad many.npy");
    assert_has("err", "many.npy: not the samples of a classifier");
    a.rank = 3;
    a.dim[0] = 0;
    assert_ok(mcd_npy_write(scratch_path("none.npy"), &a, &e), e);
    assert_program(1, UNDRAWN "digits --out bad none.npy");
    assert_has("err", "none.npy: no images");
    a.dim[0] = 3;
    many[5] = NAN;
    a.dim[2] = 4;
    assert_ok(mcd_npy_write(scratch_path("many.npy"), &a, &e), e);
    assert_program(1, UNDRAWN "samples --out bad many.npy");
    assert_has("err", "many.npy");
    assert_has("err", "nan");
    assert_false(exists("bad.gp"));
}

static void wrong_calls_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"", "expected a figure"},
        {"circle --out f", "'circle': expected a figure: bands, chains, digits"},
        {"errors --out f", "expected LABEL=FILE"},
        {"errors a.csv", "--out must be given"},
        {"errors --out - a.csv", "--out must be given"},
        {"errors --out f/ a.csv", "--out: 'f/': expected the figure's files"},
        {"errors --out f a.csv --classes 1", "--classes is no option of the figure errors"},
        {"errors --out f a.csv --y 3:2", "--y: '3:2': expected LOW:HIGH"},
        {"errors --out f a.csv --y 3", "--y: '3': expected LOW:HIGH"},
        {"errors --out f a.csv --y nan:2", "--y: 'nan:2': expected LOW:HIGH"},
        {"errors --out f a.csv --format csv", "--format: 'csv': expected text or json"},
        {"series --out f a.csv", "a.csv: no file is expected"},
        {"samples --out f", "expected a file"},
        {"samples --out f samples.npy a.csv", "a.csv: one file is expected"},
        {"samples --out f samples.npy --classes 1,1", "--classes: '1,1': expected up to 6"},
        {"samples --out f samples.npy --classes 2", "0 to 1, each once"},
        {"samples --out f samples.npy --classes ''", "--classes: ''"},
        {"bands --out f --grid 0:0:1 band.json", "--grid: one input: expected at least two"},
        {"digits --out f", "--data: expected a data set or a file of images"},
    };
    write_all();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_program(2, UNDRAWN "%s", bad[i][0]);
        assert_has("err", bad[i][1]);
    }
    assert_program(1, UNDRAWN "errors --out nowhere/f a.csv");
    assert_has("err", "nowhere/f.gp: cannot be written: No such file or directory");
    assert_program(1, UNDRAWN "errors --out f x=none.csv");
    assert_has("err", "none.csv: cannot be read");
}

/* Equals signs in labels and in names. */
static void labels_end_where_a_file_begins(void **state)
{
    (void)state;
    write_histories();
    assert_return_code(mkdir(scratch_path("p=0.5"), 0777), 0);
    scratch_text("p=0.5/a.csv", "epoch,test_errors\n1,2\n");
    assert_program(0, UNDRAWN "errors --out f p=0.5=a.csv");
    assert_has("f.dat", "# p=0.5, runs");
    assert_program(0, UNDRAWN "errors --out f x=p=0.5/a.csv");
    assert_has("f.dat", "# x, runs");
    assert_program(0, UNDRAWN "errors --out f p=0.5/a.csv");
    assert_has("f.dat", "# p=0.5/a.csv, runs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repetitions_are_median_and_range),
        cmocka_unit_test(bins_have_wilsons_interval),
        cmocka_unit_test(samples_are_counted_by_step),
        cmocka_unit_test(bands_add_the_noise),
        cmocka_unit_test(images_have_captions),
        cmocka_unit_test(chains_have_their_curves),
        cmocka_unit_test(every_figure_is_drawn),
        cmocka_unit_test(without_gnuplot_there_are_data_and_script),
        cmocka_unit_test(a_failing_gnuplot_is_reported),
        cmocka_unit_test(dull_results_are_drawn),
        cmocka_unit_test(odd_labels_are_only_text),
        cmocka_unit_test(odd_names_are_only_names),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(shapes_are_checked),
        cmocka_unit_test(wrong_calls_are_refused),
        cmocka_unit_test(labels_end_where_a_file_begins),
    };
    return cmocka_run_group_tests_name("plot command", tests, program_setup, scratch_teardown);
}
