/* JSON strings of any bytes. */
#include "core/io/json_shown.h"

#include "core/io/place.h"

json_t *mcd_json_shown(const char *text)
{
    json_t *json = json_string(text); /* refuses what is not UTF-8 */
    return json ? json : json_string(mcd_show_text(text).text);
}
