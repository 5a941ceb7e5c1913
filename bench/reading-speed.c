/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/reading-speed.c - what reading costs beside what it is built upon: TSV, a row a comparison.
 *
 * usage: reading-speed [--rounds N] [--pages N] SAMPLES
 *
 * Run in the build folder. SAMPLES is the folder of samples/truth.tsv; its pictures (no PDF, no
 * HEIC, none that is turned by EXIF only, which the others do not heed) are given to both sides.
 * Processor seconds are those of a command and of all that it started, workers included, which are
 * waited for here when their parent has gone. tesseract reads in the layout mode and with the model
 * of a first reading: a list of all pages in one process, so that its model is loaded once, as ours
 * is; and, in a row of its own, each page in a process, as who calls it in a loop has it. The first
 * is the harder for us, and the one that is meant by "per tesseract".
 * ocrmypdf gets the same pages; without the program its row is "-". Two workers read what one read,
 * by the wall.
 */
#include "config.h"
#include <glib.h>
#include <glib/gstdio.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    double processor_s;
    double wall_s;
} Cost;

typedef struct {
    const char *name;
    const char *prefixes; /* of file names, parted by blanks */
} Set;

#define LAYOUT_MODE "4"
static const char unread_by_tesseract[] = "invoice-07.tif"; /* its tiles */

/* Printed and scanned; photographed or faint. */
static const Set clean = {"clean", "thermal slip invoice delivery quotation order english"};
static const Set hard = {"photo_and_faint", "photo faint"};

static char *work;

static double
seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void
quiet(gpointer data)
{
    (void)data;
    g_setenv("OMP_THREAD_LIMIT", "1", TRUE);
    if (!freopen("/dev/null", "w", stdout))
        _exit(126);
}

/* Runs @argv to its end and the end of what it left behind. */
static Cost
run(char **argv)
{
    fflush(stdout); /* a child that began with it would print it again */
    gint64 begin_us = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    struct rusage usage;
    GPid pid = 0;
    Cost cost = {0};
    int status = 0;
    pid_t ended = 0;

    if (!g_spawn_async(NULL, argv, NULL,
                       G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL,
                       quiet, NULL, &pid, &error))
        g_error("%s", error->message);
    while ((ended = wait4(-1, &status, 0, &usage)) > 0) {
        cost.processor_s += seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
        if (ended == pid) {
            cost.wall_s = (double)(g_get_monotonic_time() - begin_us) / 1e6;
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                g_printerr("reading-speed: %s ended with %d\n", argv[0], status);
        }
    }
    return cost;
}

static Cost
run_list(const char *first, ...)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    va_list arguments;

    va_start(arguments, first);
    for (const char *one = first; one; one = va_arg(arguments, const char *))
        g_ptr_array_add(argv, (char *)one);
    va_end(arguments);
    g_ptr_array_add(argv, NULL);
    return run((char **)argv->pdata);
}

static char *
scratch(const char *name)
{
    return g_build_filename(work, name, NULL);
}

static void
remove_scratch(const char *path)
{
    run_list("chmod", "-R", "u+w", path, NULL);
    run_list("rm", "-rf", path, NULL);
}

/* ---- the sides ---- */

static void
set_workers(const char *archive, int workers)
{
    g_autofree char *path = g_build_filename(archive, "dencho.conf", NULL);
    FILE *settings = fopen(path, "a");

    if (!settings || fprintf(settings, "\n[reading]\nworkers=%d\n", workers) < 0 ||
        fclose(settings) != 0)
        g_error("cannot write %s", path);
}

static Cost
ingest(const GPtrArray *files, int workers)
{
    g_autofree char *archive = scratch("archive");
    g_autofree char *key = scratch("archive.key");
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    run_list("cli/dencho", "init", archive, NULL);
    set_workers(archive, workers);
    g_ptr_array_add(argv, (char *)"cli/dencho");
    g_ptr_array_add(argv, (char *)"-A");
    g_ptr_array_add(argv, archive);
    g_ptr_array_add(argv, (char *)"--json");
    g_ptr_array_add(argv, (char *)"ingest");
    for (guint i = 0; i < files->len; i++)
        g_ptr_array_add(argv, files->pdata[i]);
    g_ptr_array_add(argv, NULL);
    Cost cost = run((char **)argv->pdata);

    remove_scratch(archive);
    g_unlink(key);
    return cost;
}

static Cost
tesseract(const GPtrArray *files)
{
    g_autofree char *list = scratch("pages.txt");
    g_autofree char *out = scratch("text");
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < files->len; i++)
        g_string_append_printf(names, "%s\n", (const char *)files->pdata[i]);
    if (!g_file_set_contents(list, names->str, -1, NULL))
        g_error("cannot write %s", list);
    return run_list("tesseract", list, out, "-l", "Japanese", "--psm", LAYOUT_MODE, "--oem", "1",
                    NULL);
}

static Cost
tesseract_a_page(const GPtrArray *files)
{
    g_autofree char *out = scratch("text");
    Cost sum = {0};

    for (guint i = 0; i < files->len; i++) {
        Cost cost = run_list("tesseract", files->pdata[i], out, "-l", "Japanese", "--psm",
                             LAYOUT_MODE, "--oem", "1", NULL);

        sum.processor_s += cost.processor_s;
        sum.wall_s += cost.wall_s;
    }
    return sum;
}

static Cost
ocrmypdf(const GPtrArray *files)
{
    g_autofree char *out = scratch("out.pdf");
    Cost sum = {0};

    for (guint i = 0; i < files->len; i++) {
        Cost cost = run_list("ocrmypdf", "-l", "Japanese", "--jobs", "1", "--image-dpi", "200",
                             files->pdata[i], out, NULL);

        sum.processor_s += cost.processor_s;
        sum.wall_s += cost.wall_s;
    }
    return sum;
}

/* ---- the pages ---- */

static bool
is_picture(const char *name)
{
    return g_str_has_suffix(name, ".png") || g_str_has_suffix(name, ".jpg") ||
           g_str_has_suffix(name, ".tif");
}

static bool
is_of(const Set *set, const char *name)
{
    g_auto(GStrv) prefixes = g_strsplit(set->prefixes, " ", -1);
    g_autofree char *base = g_path_get_basename(name);

    for (char **one = prefixes; *one; one++)
        if (g_str_has_prefix(base, *one))
            return true;
    return false;
}

static GPtrArray *
pages_of(const Set *set, const char *samples)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *table = g_build_filename(samples, "truth.tsv", NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(table, &text, NULL, NULL))
        g_error("cannot read %s", table);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (int i = 1; lines[i] && *lines[i]; i++) {
        g_auto(GStrv) cells = g_strsplit(lines[i], "\t", 2);

        if (is_picture(cells[0]) && is_of(set, cells[0]) &&
            !g_str_has_suffix(cells[0], unread_by_tesseract))
            g_ptr_array_add(files, g_build_filename(samples, cells[0], NULL));
    }
    return files;
}

/* @count pages that are not alike, for one that is stored twice is read once. */
static GPtrArray *
made_pages(unsigned count)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *folder = scratch("made");
    g_autofree char *number = g_strdup_printf("%u", 3 * count);

    run_list("samples/make-samples", folder, "--count", number, "--seed", "40", NULL);
    g_autofree char *table = g_build_filename(folder, "truth.tsv", NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(table, &text, NULL, NULL))
        g_error("cannot read %s", table);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (int i = 1; lines[i] && *lines[i] && files->len < count; i++) {
        g_auto(GStrv) cells = g_strsplit(lines[i], "\t", 2);

        if (is_picture(cells[0]))
            g_ptr_array_add(files, g_build_filename(folder, cells[0], NULL));
    }
    return files;
}

/* ---- rows ---- */

static int
by_value(gconstpointer a, gconstpointer b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;

    return (first > second) - (first < second);
}

static double
median(GArray *values)
{
    g_array_sort(values, by_value);
    return g_array_index(values, double, values->len / 2);
}

static void
print_row(const char *name, unsigned files, GArray *ours, GArray *base, double most)
{
    if (base->len == 0 || median(base) == 0) {
        printf("%s\t%u\t%u\t-\t-\t-\t<=%.2f\t-\n", name, files, ours->len, most);
    } else {
        double ratio = median(ours) / median(base);

        printf("%s\t%u\t%u\t%.2f\t%.2f\t%.2f\t<=%.2f\t%s\n", name, files, ours->len, median(ours),
               median(base), ratio, most, ratio <= most ? "yes" : "no");
    }
    fflush(stdout);
}

static void
add(GArray *values, double value)
{
    g_array_append_val(values, value);
}

static void
compare_set(const Set *set, const char *samples, int rounds, double most, bool with_ocrmypdf)
{
    g_autoptr(GPtrArray) files = pages_of(set, samples);
    g_autoptr(GArray) ours = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) bare = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) started = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) other = g_array_new(FALSE, FALSE, sizeof(double));
    g_autofree char *found = with_ocrmypdf ? g_find_program_in_path("ocrmypdf") : NULL;

    for (int i = 0; i < rounds; i++) {
        add(bare, tesseract(files).processor_s);
        add(ours, ingest(files, 1).processor_s);
        add(started, tesseract_a_page(files).processor_s);
        if (found)
            add(other, ocrmypdf(files).processor_s);
    }
    g_autofree char *name = g_strdup_printf("%s_processor_s_per_tesseract", set->name);
    g_autofree char *each = g_strdup_printf("%s_processor_s_per_tesseract_a_page", set->name);
    g_autofree char *second = g_strdup_printf("%s_processor_s_per_ocrmypdf", set->name);

    print_row(name, files->len, ours, bare, most);
    print_row(each, files->len, ours, started, most);
    if (with_ocrmypdf)
        print_row(second, files->len, ours, other, 0.60);
}

static void
compare_workers(unsigned count, int rounds)
{
    g_autoptr(GPtrArray) files = made_pages(count);
    g_autoptr(GArray) two = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(double));

    for (int i = 0; i < rounds; i++) {
        add(one, ingest(files, 1).wall_s);
        add(two, ingest(files, 2).wall_s);
    }
    print_row("two_workers_wall_s_per_one", files->len, two, one, 0.60);
}

int
main(int argc, char **argv)
{
    int rounds = 5;
    int pages = 40;
    const GOptionEntry entries[] = {
        {"rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "of each row; the median counts (5)", "N"},
        {"pages", 0, 0, G_OPTION_ARG_INT, &pages, "for the workers (40); 0: without", "N"},
        {0}};
    g_autoptr(GOptionContext) context = g_option_context_new("SAMPLES");
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2 || rounds < 1 ||
        pages < 0) {
        fprintf(stderr, "reading-speed: %s\n", error ? error->message : "name the samples");
        return 64;
    }
    /* Workers whose parent has ended come here, and their cost with them. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    work = g_dir_make_tmp("dencho-reading-XXXXXX", &error);
    if (!work)
        g_error("%s", error->message);
    printf("row\tfiles\trounds\tours\tbaseline\tratio\twanted\tmet\n");
    compare_set(&clean, argv[1], rounds, 1.25, true);
    compare_set(&hard, argv[1], rounds, 2.0, false);
    if (pages > 0)
        compare_workers((unsigned)pages, rounds);
    remove_scratch(work);
    g_free(work);
    return 0;
}
