/* A shared object that is no plugin: nothing is called mcd_entry. */
extern const int mcd_exit;
const int mcd_exit = 1;
