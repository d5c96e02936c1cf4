/*
 * The parts of figures that are mathematics or text: autocorrelation, density, ranges of axes,
 * labels, gnuplot's SVG, and how long gnuplot may take.
 */
#include <mcdrop/plugin.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/figure/axis.h"
#include "core/figure/chain_curves.h"
#include "core/figure/gnuplot.h"
#include "core/figure/label.h"
#include "core/figure/svg.h"
#include "scratch.h"

#include <math.h>
#include <time.h>

static void close_to(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("expected %.17g, got %.17g", expected, got);
}

/* ---- chains -------------------------------------------------------------------------------- */

/* Of 1, -1, 1, -1, ... it is (-1)^k (n - k) / n; of 1, 2, 3, 4 by hand. */
static void autocorrelation_has_closed_forms(void **state)
{
    (void)state;
    double x[100], r[60];
    const double line[] = {1, 2, 3, 4};
    for (int i = 0; i < 100; i++)
        x[i] = i % 2 ? -1 : 1;
    mcd_autocorrelation(100, x, 50, r);
    for (int k = 0; k <= 50; k++)
        close_to(r[k], (k % 2 ? -1 : 1) * (100 - k) / 100.0, 1e-12);
    mcd_autocorrelation(4, line, 3, r);
    /* Off the mean: -1.5 -0.5 0.5 1.5; sums 5, 1.25, -1.5, -2.25. */
    close_to(r[1], 0.25, 1e-15);
    close_to(r[2], -0.3, 1e-15);
    close_to(r[3], -0.45, 1e-15);
    x[0] = x[1] = x[2] = 7;
    mcd_autocorrelation(3, x, 2, r);
    assert_true(isnan(r[0]) && isnan(r[2]));
}

static void density_is_a_mean_of_normal_densities(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2, 3, 4};
    /* sd sqrt(2.5), quartiles 1 and 3: the range over 1.34 is the smaller, 2 / 1.34. */
    double h = mcd_density_bandwidth(5, x), integral = 0;
    close_to(h, 0.9 * 2 / 1.34 * pow(5, -0.2), 1e-15);
    close_to(mcd_density_at(1, x, 2, 2), exp(-0.5) / (2 * sqrt(2 * M_PI)), 1e-15);
    close_to(mcd_density_at(5, x, h, 2),
             (1 + 2 * exp(-1 / (2 * h * h)) + 2 * exp(-4 / (2 * h * h))) / (5 * h * sqrt(2 * M_PI)),
             1e-15);
    for (int i = 0; i < 4000; i++)
        integral += mcd_density_at(5, x, h, -18 + i * 0.01) * 0.01;
    close_to(integral, 1, 1e-9);
    /* A chain that does not move, or moves within its quartiles only a little. */
    const double same[] = {5, 5, 5, 5}, tails[] = {0, 5, 5, 5, 5, 5, 10};
    close_to(mcd_density_bandwidth(4, same), 5e-3, 1e-15);
    close_to(mcd_density_bandwidth(7, tails), 0.9 * sqrt(50.0 / 6) * pow(7, -0.2), 1e-14);
    assert_true(mcd_density_bandwidth(1, x) > 0);
}

static void quantiles_lie_between_draws(void **state)
{
    (void)state;
    const double x[] = {1, 2, 4, 8};
    close_to(mcd_sorted_quantile(4, x, 0), 1, 0);
    close_to(mcd_sorted_quantile(4, x, 0.5), 3, 1e-15);
    close_to(mcd_sorted_quantile(4, x, 0.9), 4 + 0.7 * 4, 1e-14);
    close_to(mcd_sorted_quantile(4, x, 1), 8, 0);
}

static void extremes_keep_every_peak(void **state)
{
    (void)state;
    const double x[] = {0, 3, 1, -2, 5, 5, 5, 5, 2};
    size_t index[6];
    static const size_t expected[] = {0, 1, 3, 4, 6, 8}; /* of 0 3 1, -2 5 5 and 5 5 2 */
    assert_int_equal(mcd_chain_extremes(9, x, 3, index), 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(index[i], expected[i]);
    assert_int_equal(mcd_chain_extremes(2, x, 3, index), 2);
}

/* ---- axes and texts ------------------------------------------------------------------------ */

static void axes_end_at_round_numbers(void **state)
{
    (void)state;
    static const struct {
        double lo, hi, from, to;
    } of[] = {{52, 248, 40, 260},           {0, 1, 0, 1},
              {-3.1, 4.2, -4, 5},           {1800, 1900, 1800, 1900},
              {0.011, 0.019, 0.011, 0.019}, {7, 7, 7, 8}};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct mcd_extent x = mcd_axis_around(of[i].lo, of[i].hi);
        assert_true(x.lo <= of[i].lo && x.hi >= of[i].hi && x.lo < x.hi);
        close_to(x.lo, of[i].from, 1e-9 * fabs(of[i].from));
        close_to(x.hi, of[i].to, 1e-9 * fabs(of[i].to));
    }
}

static void labels_are_clean(void **state)
{
    (void)state;
    char many[400];
    assert_string_equal(mcd_label_clean("p = 0.5, \xc3\xa9").text, "p = 0.5, \xc3\xa9");
    assert_string_equal(mcd_label_clean("a\nb\tc\x7f").text, "a b c ");
    assert_string_equal(mcd_label_clean("\xff\xc3-\xe2\x82").text, "?"
                                                                   "?-?"
                                                                   "?");
    assert_string_equal(mcd_label_clean("\xc2\x85\xef\xbf\xbf").text, "  ");
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    assert_int_equal(strlen(mcd_label_clean(many).text), MCD_LABEL_CHARACTERS + 3);
    assert_string_equal(mcd_label_quote("it's").text, "'it''s'");
    assert_string_equal(mcd_label_quote("a\nb\\`$(c)`").text, "'a'.\"\\n\".'b\\`$(c)`'");
    memset(many, '\n', sizeof many - 1);
    assert_true(strlen(mcd_label_quote(many).text) < sizeof(struct mcd_quoted));
}

/* ---- SVG ----------------------------------------------------------------------------------- */

static void adapt(const char *svg, const char *expected)
{
    struct mcd_error e = {0};
    size_t size;
    char *text = mcd_svg_adapt(svg, strlen(svg), "fig 2", "a \"b\" <c>", &size, &e);
    if (!text)
        fail_msg("%s: %s", e.where, e.text);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
    free(text);
}

static void svg_fits_a_page(void **state)
{
    (void)state;
    adapt("<?xml version=\"1.0\"?>\n<svg width='8'>\n<title>x</title></svg>",
          "<?xml version=\"1.0\"?>\n<svg width='8' color=\"#222222\" role=\"img\" "
          "aria-label=\"a &quot;b&quot; &lt;c&gt;\">\n</svg>");
    adapt("<circle id='gpDot' fill=\"url(#pat)\"/><use xlink:href='#gpDot'/>",
          "<circle id='fig_2-gpDot' fill=\"url(#fig_2-pat)\"/><use xlink:href='#fig_2-gpDot'/>");
    adapt("<path stroke='rgb( 34,  34,  34)' opacity='0.5'/>",
          "<path stroke='currentColor' opacity='0.5'/>");
    adapt("<polygon fill = 'rgb(  0, 114, 178)' points = '1,2 '/>",
          "<polygon fill='#0072b2' points='1,2 '/>");
    adapt("<rect x=\"0\" fill=\"#ffffff\"/><rect fill=\"#ffffff\"/>",
          "<rect x=\"0\" fill=\"#ffffff\" class=\"mcd-card\"/><rect fill=\"#ffffff\"/>");
    adapt("<g id=\"x_plot_1\" color=\"black\" stroke=\"black\"><p class='a'/></g>",
          "<g stroke=\"currentColor\"><p/></g>");
    adapt("<g a=\"1\">\n</g>\n<g a=\"2\"> <p/></g>", "<g a=\"2\"> <p/></g>");
    /* What stands between tags is text. */
    adapt("<text>rgb(34,34,34) id='x' > &lt;g </text>",
          "<text>rgb(34,34,34) id='x' > &lt;g </text>");
    adapt("", "");
}

static void torn_svg_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"<g id=",      "<g id='x",  "<g",
                                      "<g x y='1'>", "<g a='1'/", "<g ="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mcd_error e = {0};
        size_t size;
        assert_null(mcd_svg_adapt(bad[i], strlen(bad[i]), "f", "t", &size, &e));
        assert_error(e, MCD_INVALID, "f", "expected attributes of a tag");
    }
}

/* ---- gnuplot ------------------------------------------------------------------------------- */

static void fake(const char *script)
{
    scratch_text("fake", script);
    assert_return_code(chmod(scratch_path("fake"), 0755), 0);
    assert_return_code(setenv("MCDROP_GNUPLOT", scratch_path("fake"), 1), 0);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Also where a child of it holds the pipe open, and where it closed the pipe itself. */
static void a_hanging_gnuplot_is_ended(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "#!/bin/sh\necho thinking\nsleep 60\necho done\n",
        "#!/bin/sh\necho thinking\nsleep 60 &\nexit 0\n",
        "#!/bin/sh\necho thinking\nexec sleep 60 >/dev/null 2>&1\n",
        "#!/bin/sh\necho thinking\ntrap '' TERM\nwhile :; do :; done\n",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        struct mcd_error e = {0};
        int missing;
        double start = now();
        fake(scripts[i]);
        assert_int_equal(mcd_gnuplot_run(scratch_dir, "", "s.gp", 1, &missing, &e), MCD_IO);
        assert_error(e, MCD_IO, "s.gp", "did not end within 1 seconds: thinking");
        assert_true(now() - start < 20);
    }
}

static void gnuplot_gets_what_it_is_given(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    int missing = 1;
    fake("#!/bin/sh\nprintf '%s|' \"$@\" > said\nyes | head -c 100000\n");
    assert_ok(mcd_gnuplot_run(scratch_dir, "a = '$(b) \"c\"'", "./x y.gp", 20, &missing, &e), e);
    assert_int_equal(missing, 0);
    char text[200] = "";
    FILE *f = fopen(scratch_path("said"), "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_string_equal(text, "-d|-e|a = '$(b) \"c\"'|./x y.gp|");
    assert_return_code(setenv("MCDROP_GNUPLOT", "no-such-program-anywhere", 1), 0);
    assert_ok(mcd_gnuplot_run(scratch_dir, "", "s.gp", 1, &missing, &e), e);
    assert_int_equal(missing, 1);
    scratch_text("plain", "not executable");
    assert_return_code(setenv("MCDROP_GNUPLOT", scratch_path("plain"), 1), 0);
    assert_int_equal(mcd_gnuplot_run(scratch_dir, "", "s.gp", 1, &missing, &e), MCD_IO);
    assert_error(e, MCD_IO, "plain", "cannot be started: Permission denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(autocorrelation_has_closed_forms),
        cmocka_unit_test(density_is_a_mean_of_normal_densities),
        cmocka_unit_test(quantiles_lie_between_draws),
        cmocka_unit_test(extremes_keep_every_peak),
        cmocka_unit_test(axes_end_at_round_numbers),
        cmocka_unit_test(labels_are_clean),
        cmocka_unit_test(svg_fits_a_page),
        cmocka_unit_test(torn_svg_is_refused),
        cmocka_unit_test(a_hanging_gnuplot_is_ended),
        cmocka_unit_test(gnuplot_gets_what_it_is_given),
    };
    return cmocka_run_group_tests_name("figure", tests, scratch_setup, scratch_teardown);
}
