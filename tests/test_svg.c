/* core/report/svg.c: what is left of an SVG file in a page, and which files are refused. */
#include "core/report/svg.h"
#include "core/report/svg_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#define OPEN "<svg viewBox=\"0 0 10 5\">"
#define HEAD                                                                                       \
    "<svg role=\"img\" aria-labelledby=\"f.see\" viewBox=\"0 0 10 5\" width=\"10\" height=\"5\""

static struct mcd_svg_left_out left_out;

static char *inline_text(const char *svg, int *status, struct mcd_error *e)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    *status = mcd_svg_inline("a.svg", svg, strlen(svg), "f", "f.see", f, &left_out, e);
    assert_int_equal(fclose(f), 0);
    return text;
}

/* The whole file becomes `wanted`; `count` things are left out, `first` of them at first. */
static void check_file(const char *svg, const char *wanted, unsigned count, const char *first)
{
    struct mcd_error e = {0};
    int status;
    char *text = inline_text(svg, &status, &e);
    if (status)
        fail_msg("%s: %s", e.where, e.text);
    assert_string_equal(text, wanted);
    assert_int_equal(left_out.count, count);
    assert_string_equal(left_out.first, first);
    free(text);
}

/* The same for what is in a picture. */
static void check(const char *inside, const char *wanted, unsigned count, const char *first)
{
    char given[2000], expected[2000];
    snprintf(given, sizeof given, OPEN "%s</svg>", inside);
    snprintf(expected, sizeof expected, *wanted ? HEAD ">%s</svg>" : HEAD "/>", wanted);
    check_file(given, expected, count, first);
}

static void check_refused(const char *svg, const char *place, const char *text)
{
    struct mcd_error e = {0};
    int status;
    free(inline_text(svg, &status, &e));
    assert_int_equal(status, MCD_INVALID);
    assert_error(e, MCD_INVALID, place, text);
}

static void a_figure_is_kept(void **state)
{
    (void)state;
    check_file("<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"no\"?>\n"
               "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://x/svg11.dtd\">\n"
               "<svg width='600' height='480' viewBox='0 0 10 5' version='1.1' color='black'\n"
               " xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>\n"
               "<title>T</title><desc>D<b>x</b></desc><!-- no -->\n"
               "<g fill=\"none\"><path class='gridline' d='M0,0 L1,1'/></g>\n"
               "<text x='1' xml:space='preserve'> a &lt; <tspan>b&amp;</tspan>\n</text> stray\n"
               "</svg>",
               HEAD
               " color=\"black\"><g fill=\"none\"><path d=\"M0,0 L1,1\"/></g>"
               "<text x=\"1\" xml:space=\"preserve\"> a &lt; <tspan>b&amp;</tspan>\n</text></svg>",
               0, "");
}

static void ids_are_the_figures_own(void **state)
{
    (void)state;
    check("<defs><circle id='p'/></defs><use xlink:href='#p' fill='url(#q)'/><use href='#p'/>",
          "<defs><circle id=\"f.p\"/></defs><use href=\"#f.p\" fill=\"url(#f.q)\"/>"
          "<use href=\"#f.p\"/>",
          0, "");
    check("<g style='filter:url(#t)' clip-path='url(\"#c\")' mask=\"URL('#m') \"/>",
          "<g style=\"filter:url(#f.t)\" clip-path=\"url(#f.c)\" mask=\"url(#f.m) \"/>", 0, "");
    check("<g id='a b'/><g id='\"&gt;'/>", "<g/><g/>", 2, "id");
}

static void scripts_and_handlers_are_left_out(void **state)
{
    (void)state;
    check("<script>alert(1)</script>", "", 1, "<script>");
    check("<script><g/><rect/></script><g/>", "<g/>", 1, "<script>");
    check("<g onload='alert(1)' onclick='x'/>", "<g/>", 2, "onload");
    check("<rect width='1' ONLOAD='x'/>", "<rect width=\"1\"/>", 1, "ONLOAD");
    check_file("<svg viewBox='0 0 10 5' onload='x'/>", HEAD "/>", 1, "onload");
    check("<animate attributeName='href' to='javascript:x'/><set/>", "", 2, "<animate>");
    check("<Script/><SCRIPT/><svg:script/><x:g xmlns:x='y'/>", "", 4, "<Script>");
    check("<g><script/></g><handler/>", "<g/>", 2, "<script>");
}

static void foreign_content_is_left_out(void **state)
{
    (void)state;
    check("<foreignObject><body><p>x</p></body></foreignObject>", "", 1, "<foreignObject>");
    check("<style>@import 'http://x';</style>", "", 1, "<style>");
    check("<iframe src='x'/><p>x</p><img src='x'/>", "", 3, "<iframe>");
    check("<title><script>x</script></title>", "", 0, "");
}

static void links_lead_nowhere(void **state)
{
    (void)state;
    check("<a href='javascript:x' xlink:href='http://x'><path d='M0'/></a>",
          "<g><path d=\"M0\"/></g>", 0, "");
    check("<use href='http://x/a.svg#b'/>", "<use/>", 1, "href");
    check("<use xlink:href='other.svg#b'/><use href='#'/><use href='#a\"'/>", "<use/><use/><use/>",
          3, "href");
    check("<image href='http://x/a.png'/><image xlink:href='a.png'/>", "<image/><image/>", 2,
          "href");
    check("<image href='data:image/svg+xml;base64,AAAA'/>", "<image/>", 1, "href");
    check("<image href='data:text/html,x'/>", "<image/>", 1, "href");
    check("<use href='data:image/png;base64,AAAA'/>", "<use/>", 1, "href");
    check("<image href='data:image/png;base64,AA+/=='/>",
          "<image href=\"data:image/png;base64,AA+/==\"/>", 0, "");
    check("<image href='data:image/png;base64,AA&quot; x'/>", "<image/>", 1, "href");
}

static void values_refer_only_to_the_figure(void **state)
{
    (void)state;
    check("<g fill='url(http://x#a)'/>", "<g/>", 1, "fill");
    check("<g fill='url(#a) url(x)'/>", "<g/>", 1, "fill");
    check("<g mask='image-set(\"http://x\" 1x)' filter='ur\\6c(x)'/>", "<g/>", 2, "mask");
    check("<g fill='rgb(1,2,3)' transform='translate(1,2) rotate(3) scale(-1)'/>",
          "<g fill=\"rgb(1,2,3)\" transform=\"translate(1,2) rotate(3) scale(-1)\"/>", 0, "");
    check("<g fill='red&quot; onload=&quot;x'/>", "<g fill=\"red&quot; onload=&quot;x\"/>", 0, "");
    check("<g style='fill:none; stroke:rgb(1,2,3); background:url(http://x); x'/>",
          "<g style=\"fill:none;stroke:rgb(1,2,3)\"/>", 1, "style");
    check("<g style=' fill : url(#a) ;; stroke: url(x)'/>", "<g style=\"fill:url(#f.a)\"/>", 1,
          "style");
    check("<g style='behavior:url(#a)'/>", "<g style=\"\"/>", 1, "style");
    check("<g cursor='url(#a)' fill='(x)'/>", "<g/>", 2, "cursor");
}

static void entities_are_refused(void **state)
{
    (void)state;
    check_refused("<!DOCTYPE svg [<!ENTITY a \"b\">]>" OPEN "</svg>", "a.svg: line 1",
                  "declares the entity 'a'");
    check_refused("<!DOCTYPE svg [<!ENTITY % a SYSTEM \"http://x\">]>" OPEN "</svg>",
                  "a.svg: line 1", "declares the entity 'a'");
    check_refused("<!DOCTYPE svg [<!ENTITY a SYSTEM \"/etc/passwd\">]>" OPEN
                  "<text>&a;</text></svg>",
                  "a.svg: line 1", "declares the entity 'a'");
    check_refused("<!DOCTYPE svg SYSTEM \"x\">" OPEN "<text>&nbsp;</text></svg>", "a.svg: line 1",
                  "refers to the entity 'nbsp'");
    check_refused(OPEN "<text>&nbsp;</text></svg>", "a.svg: line 1", "no well-formed XML");
}

static void what_is_no_picture_is_refused(void **state)
{
    (void)state;
    check_refused("", "a.svg: line 1", "no well-formed XML: no element found");
    check_refused("\n<svg viewBox='0 0 1 1'><g></svg>", "a.svg: line 2", "mismatched tag");
    check_refused("<html/>", "a.svg: line 1", "begins with <html>: expected <svg>");
    check_refused("<svg/>", "a.svg: line 1", "size of the picture is missing");
    check_refused("<svg width='100%' height='3'/>", "a.svg: line 1", "size of the picture");
    check_refused("<svg viewBox='0 0 10'/>", "a.svg: line 1", "size of the picture");
    check_refused("<svg viewBox='0 0 10 -5'/>", "a.svg: line 1", "size of the picture");
    check_refused("<svg viewBox='0 0 1e9 5'/>", "a.svg: line 1", "size of the picture");
    check_refused("<svg viewBox='0 0 nan 5'/>", "a.svg: line 1", "size of the picture");
    check_refused("<svg viewBox='0 0 10 5'>\xff</svg>", "a.svg: line 1", "no well-formed XML");
    check_refused("\x89PNG\r\n\x1a\n", "a.svg: line 1", "no well-formed XML");
}

static void a_size_may_stand_in_two_places(void **state)
{
    (void)state;
    check_file("<svg width=\"10px\" height='5pt'/>", HEAD "/>", 0, "");
    check_file("<svg viewBox=' 0,0 10, 5 ' width='100%' height='7'/>", HEAD "/>", 0, "");
    check_file("<svg viewBox='-1.5 0 10 5'/>",
               "<svg role=\"img\" aria-labelledby=\"f.see\" viewBox=\"-1.5 0 10 5\" width=\"10\" "
               "height=\"5\"/>",
               0, "");
}

/* So many elements in each other, the <svg> counted. */
static char *nest(int depth)
{
    char *svg = calloc(1, 100 + 7 * (size_t)depth);
    assert_non_null(svg);
    strcpy(svg, OPEN);
    for (int i = 1; i < depth; i++)
        strcat(svg, "<g>");
    for (int i = 1; i < depth; i++)
        strcat(svg, "</g>");
    return strcat(svg, "</svg>");
}

static void depth_has_an_end(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    int status;
    char *most = nest(100), *more = nest(101);
    free(inline_text(most, &status, &e));
    assert_int_equal(status, MCD_OK);
    check_refused(more, "a.svg: line 1", "expected at most 100");
    free(most);
    free(more);
}

/* Laughs by the power of ten: each level repeats the one before it ten times. */
static char *laugh(int levels, const char *const repeat[2])
{
    char *svg = calloc(1, 200 + 700 * (size_t)levels), *p = svg;
    assert_non_null(svg);
    p += sprintf(p, OPEN "<defs><path id=\"l0\"/>");
    for (int i = 1; i <= levels; i++) {
        p += sprintf(p, "<g id=\"l%d\">", i);
        for (int k = 0; k < 10; k++)
            p += sprintf(p, "%sl%d%s", repeat[0], i - 1, repeat[1]);
        p += sprintf(p, "</g>");
    }
    strcpy(p, "</defs></svg>");
    return svg;
}

static void repetition_has_an_end(void **state)
{
    static const char *const repeat[][2] = {{"<use href=\"#", "\"/>"},
                                            {"<use xlink:href=\"#", "\"/>"},
                                            {"<rect fill=\"url(#", ")\"/>"},
                                            {"<rect style=\"mask:url('#", "')\"/>"},
                                            {"<g><use href=\"#", "\"/></g>"}};
    struct mcd_error e = {0};
    int status;
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        char *most = laugh(5, repeat[i]), *more = laugh(9, repeat[i]), *far = laugh(101, repeat[i]);
        free(inline_text(most, &status, &e));
        assert_int_equal(status, MCD_OK);
        check_refused(more, "a.svg",
                      "elements, with what <use> and url() repeat: expected at most 1e+06");
        check_refused(far, "a.svg", "more than 100 deep");
        free(most);
        free(more);
        free(far);
    }
}

static void nothing_draws_itself(void **state)
{
    (void)state;
    static const char says[] = "elements draw themselves by <use> or url()";
    check_refused(OPEN "<g id=\"a\"><use href=\"#a\"/></g></svg>", "a.svg", says);
    check_refused("<svg id=\"a\" viewBox=\"0 0 10 5\"><use href=\"#a\"/></svg>", "a.svg", says);
    check_refused(OPEN "<g id=\"a\"><use href=\"#b\"/></g><g id=\"b\"><use href=\"#a\"/></g></svg>",
                  "a.svg", says);
    check_refused(OPEN "<mask id=\"m\"><rect mask=\"url(#m)\"/></mask></svg>", "a.svg", says);
    /* The first of two with an id is what is meant; nothing is drawn by what is not there. */
    check("<g id=\"a\"/><g id=\"a\"><use href=\"#a\"/></g><use href=\"#b\"/>",
          "<g id=\"f.a\"/><g id=\"f.a\"><use href=\"#f.a\"/></g><use href=\"#f.b\"/>", 0, "");
}

static void other_encodings_become_utf_8(void **state)
{
    (void)state;
    check_file("<?xml version='1.0' encoding='iso-8859-1'?><svg viewBox='0 0 10 "
               "5'><text>\xe4</text></svg>",
               HEAD "><text>\xc3\xa4</text></svg>", 0, "");
}

/* The lists are searched by halves: one that is not sorted would lose words. */
static void every_listed_word_is_found(void **state)
{
    (void)state;
    static const char *const words[] = {"alignment-baseline",
                                        "clip-path",
                                        "clipPathUnits",
                                        "color",
                                        "cx",
                                        "d",
                                        "dy",
                                        "fill",
                                        "filter",
                                        "filterUnits",
                                        "font-size",
                                        "fy",
                                        "height",
                                        "in",
                                        "in2",
                                        "marker-start",
                                        "markerWidth",
                                        "mask",
                                        "offset",
                                        "opacity",
                                        "patternUnits",
                                        "points",
                                        "preserveAspectRatio",
                                        "r",
                                        "refX",
                                        "result",
                                        "rx",
                                        "ry",
                                        "shape-rendering",
                                        "stdDeviation",
                                        "stop-color",
                                        "stroke",
                                        "stroke-dasharray",
                                        "stroke-width",
                                        "text-anchor",
                                        "textLength",
                                        "transform",
                                        "viewBox",
                                        "width",
                                        "x",
                                        "x1",
                                        "x2",
                                        "xml:space",
                                        "y",
                                        "y1",
                                        "y2"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!mcd_svg_is_drawing(words[i]))
            fail_msg("%s is not found", words[i]);
    assert_false(mcd_svg_is_drawing("href"));
    assert_false(mcd_svg_is_drawing("style"));
    assert_false(mcd_svg_is_drawing("id"));
    check("<circle/><clipPath/><ellipse/><feBlend/><feComposite/><feFlood/><filter/><image/><line/>"
          "<linearGradient/><marker/><pattern/><polygon/><polyline/><rect/><stop/><svg/><use/>",
          "<circle/><clipPath/><ellipse/><feBlend/><feComposite/><feFlood/><filter/><image/><line/>"
          "<linearGradient/><marker/><pattern/><polygon/><polyline/><rect/><stop/><svg/><use/>",
          0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_figure_is_kept),
        cmocka_unit_test(ids_are_the_figures_own),
        cmocka_unit_test(scripts_and_handlers_are_left_out),
        cmocka_unit_test(foreign_content_is_left_out),
        cmocka_unit_test(links_lead_nowhere),
        cmocka_unit_test(values_refer_only_to_the_figure),
        cmocka_unit_test(entities_are_refused),
        cmocka_unit_test(what_is_no_picture_is_refused),
        cmocka_unit_test(a_size_may_stand_in_two_places),
        cmocka_unit_test(depth_has_an_end),
        cmocka_unit_test(repetition_has_an_end),
        cmocka_unit_test(nothing_draws_itself),
        cmocka_unit_test(other_encodings_become_utf_8),
        cmocka_unit_test(every_listed_word_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
