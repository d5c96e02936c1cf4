/* Intervals and choices of parameter tables. */
#include "core/plugin/domain.h"

#include "core/base/number.h"

#include <math.h>
#include <string.h>

enum { BOUND_SIZE = 40 };

struct interval {
    char lo[BOUND_SIZE], hi[BOUND_SIZE];
    int lo_excluded, hi_excluded;
};

static int copy_bound(char *to, const char *from, size_t length)
{
    if (length == 0 || length >= BOUND_SIZE)
        return 0;
    memcpy(to, from, length);
    to[length] = '\0';
    return 1;
}

/* "[0, 1)" in pieces; 0 if it is no interval. */
static int interval_parse(const char *domain, struct interval *v)
{
    size_t length = strlen(domain);
    const char *comma = strchr(domain, ',');
    if (!comma || !strchr("[(", domain[0]) || !strchr("])", domain[length - 1]))
        return 0;
    const char *hi = comma + 1 + strspn(comma + 1, " ");
    v->lo_excluded = domain[0] == '(';
    v->hi_excluded = domain[length - 1] == ')';
    return copy_bound(v->lo, domain + 1, (size_t)(comma - domain - 1)) &&
           copy_bound(v->hi, hi, (size_t)(domain + length - 1 - hi));
}

/* Whole numbers have no infinity: their ends stand for it. */
static int whole_bound(const char *text, int64_t *bound)
{
    if (strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0) {
        *bound = *text == '-' ? INT64_MIN : INT64_MAX;
        return 1;
    }
    return mcd_number_int(text, bound) == MCD_NUMBER_OK;
}

static int whole_interval(const char *domain, struct interval *v, int64_t *lo, int64_t *hi)
{
    return interval_parse(domain, v) && whole_bound(v->lo, lo) && whole_bound(v->hi, hi);
}

static int real_interval(const char *domain, struct interval *v, double *lo, double *hi)
{
    return interval_parse(domain, v) && mcd_number_real(v->lo, lo) == MCD_NUMBER_OK &&
           mcd_number_real(v->hi, hi) == MCD_NUMBER_OK && !isnan(*lo) && !isnan(*hi);
}

enum mcd_inside mcd_domain_has_int(const char *domain, int64_t x)
{
    struct interval v;
    int64_t lo, hi;
    if (!domain)
        return MCD_INSIDE;
    if (!whole_interval(domain, &v, &lo, &hi))
        return MCD_DOMAIN_BROKEN;
    return (v.lo_excluded ? x > lo : x >= lo) && (v.hi_excluded ? x < hi : x <= hi) ? MCD_INSIDE
                                                                                    : MCD_OUTSIDE;
}

enum mcd_inside mcd_domain_has_real(const char *domain, double x)
{
    struct interval v;
    double lo, hi;
    if (!domain)
        return isnan(x) ? MCD_OUTSIDE : MCD_INSIDE;
    if (!real_interval(domain, &v, &lo, &hi))
        return MCD_DOMAIN_BROKEN;
    return (v.lo_excluded ? x > lo : x >= lo) && (v.hi_excluded ? x < hi : x <= hi) ? MCD_INSIDE
                                                                                    : MCD_OUTSIDE;
}

int mcd_domain_ints(const char *domain, int64_t *least, int64_t *greatest)
{
    struct interval v = {.lo_excluded = 0};
    *least = INT64_MIN;
    *greatest = INT64_MAX;
    if (domain && !whole_interval(domain, &v, least, greatest))
        return -1;
    *least += v.lo_excluded && *least < INT64_MAX;
    *greatest -= v.hi_excluded && *greatest > INT64_MIN;
    return mcd_domain_has_int(domain, *least) == MCD_INSIDE &&
                   mcd_domain_has_int(domain, *greatest) == MCD_INSIDE
               ? 0
               : -1;
}

int mcd_domain_reals(const char *domain, double *least, double *greatest)
{
    struct interval v = {.lo_excluded = 0};
    *least = -INFINITY;
    *greatest = INFINITY;
    if (domain && !real_interval(domain, &v, least, greatest))
        return -1;
    *least = v.lo_excluded ? nextafter(*least, INFINITY) : *least;
    *greatest = v.hi_excluded ? nextafter(*greatest, -INFINITY) : *greatest;
    return mcd_domain_has_real(domain, *least) == MCD_INSIDE &&
                   mcd_domain_has_real(domain, *greatest) == MCD_INSIDE
               ? 0
               : -1;
}

const char *mcd_domain_nth(const char *domain, int index, size_t *length)
{
    const char *p = domain;
    for (; index > 0; index--) {
        p = strchr(p, '|');
        if (!p)
            return NULL;
        p++;
    }
    *length = strcspn(p, "|");
    return p;
}

int mcd_domain_choice(const char *domain, const char *text)
{
    int found = -1;
    size_t length, wanted = strlen(text);
    if (!domain)
        return -2;
    const char *choice;
    for (int i = 0; (choice = mcd_domain_nth(domain, i, &length)); i++) {
        if (length == 0)
            return -2;
        if (found < 0 && length == wanted && memcmp(choice, text, length) == 0)
            found = i;
    }
    return found;
}
