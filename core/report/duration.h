/* How long something took, as people say it: "12.3 s", "4 min 5 s", "1 h 2 min". */
#ifndef CORE_REPORT_DURATION_H
#define CORE_REPORT_DURATION_H

struct mcd_duration {
    char text[32];
};

struct mcd_duration mcd_duration_show(double seconds); /* 0 or more */

#endif
