/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/worker/test-sandbox.c - what a process can still do behind the fence, tried one by one
 * in a child.
 */
#include "config.h"
#include "worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { NO_SANDBOX = 99, NO_LANDLOCK = 98, MEMORY_BYTES = 1 << 30 };

static DnSandboxReport report;
static pid_t parent;

/* Each gives 0 for "it worked", else errno. */
typedef int (*Probe)(void);

static int
result_of(long value)
{
    return value >= 0 ? 0 : errno;
}

static int
probe_socket(void)
{
    return result_of(socket(AF_INET, SOCK_STREAM, 0));
}

static int
probe_unix_socket(void)
{
    return result_of(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
probe_write_file(void)
{
    return result_of(open("/tmp/dencho-sandbox-test", O_WRONLY | O_CREAT, 0600));
}

static int
probe_write_existing(void)
{
    return result_of(open("/dev/null", O_RDWR));
}

static int
probe_truncate_on_open(void)
{
    return result_of(open("/dev/null", O_RDONLY | O_TRUNC));
}

static int
probe_nameless_file(void)
{
    return result_of(open("/tmp", O_TMPFILE | O_RDWR, 0600));
}

static int
probe_openat2(void)
{
    uint64_t how[3] = {O_WRONLY, 0, 0};

    return result_of(syscall(SYS_openat2, AT_FDCWD, "/dev/null", how, sizeof how));
}

static int
probe_make_dir(void)
{
    return result_of(mkdir("/tmp/dencho-sandbox-dir", 0700));
}

static int
probe_unlink(void)
{
    return result_of(unlink("/tmp/dencho-no-such-file"));
}

static int
probe_chmod(void)
{
    return result_of(chmod("/tmp", 0777));
}

static int
probe_signal_parent(void)
{
    return result_of(kill(parent, 0));
}

static int
probe_executable_memory(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? errno : 0;
}

static int
probe_make_executable(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? 0 : result_of(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int
probe_new_process(void)
{
    return result_of(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static int
probe_raise_limits(void)
{
    return result_of(syscall(SYS_prlimit64, parent, 0, NULL, NULL));
}

static int
probe_passwd(void)
{
    int fd = open("/etc/passwd", O_RDONLY);

    if (report.landlock_abi == 0)
        _exit(NO_LANDLOCK);
    return result_of(fd);
}

static int
probe_parent_memory(void)
{
    char path[64];

    g_snprintf(path, sizeof path, "/proc/%d/environ", (int)parent);
    if (report.landlock_abi == 0)
        _exit(NO_LANDLOCK);
    return result_of(open(path, O_RDONLY));
}

static int
probe_exec(void)
{
    return result_of(execl("/bin/true", "true", NULL));
}

static int
probe_ptrace(void)
{
    return result_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
probe_read_font_settings(void)
{
    return result_of(open("/usr/share", O_RDONLY | O_DIRECTORY));
}

static void *
add_one(void *number)
{
    ++*(int *)number;
    return NULL;
}

static int
probe_thread(void)
{
    int number = 1;
    pthread_t thread;

    if (pthread_create(&thread, NULL, add_one, &number) != 0)
        return EAGAIN;
    pthread_join(thread, NULL);
    return number == 2 ? 0 : EINVAL;
}

static int
probe_cpu_budget(void)
{
    return dn_sandbox_budget_cpu(1000, NULL) ? 0 : EINVAL;
}

static int
probe_much_memory(void)
{
    void *block =
        mmap(NULL, (size_t)2 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return block == MAP_FAILED ? errno : 0;
}

static int
probe_abort_when_memory_is_short(void)
{
    while (malloc(64 << 20))
        ;
    abort();
}

static int
probe_abort(void)
{
    abort();
}

static int
probe_endless_loop(void)
{
    if (!dn_sandbox_budget_cpu(0, NULL))
        return EINVAL;
    for (volatile unsigned i = 0;; i++)
        ;
}

static int
wait_status_of(Probe probe)
{
    pid_t child = fork();
    int status = 0;

    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        bool entered = dn_sandbox_enter(MEMORY_BYTES, NULL, &report, NULL);

        _exit(entered ? probe() : NO_SANDBOX);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return status;
}

static void
test_it_is_refused(gconstpointer data)
{
    int status = wait_status_of(*(const Probe *)data);

    g_assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_LANDLOCK) {
        g_test_skip("this kernel has no landlock");
        return;
    }
    if (WEXITSTATUS(status) != EACCES) /* landlock's answer */
        g_assert_cmpint(WEXITSTATUS(status), ==, EPERM);
}

static void
test_it_is_deadly(gconstpointer data)
{
    int status = wait_status_of(*(const Probe *)data);

    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, SIGSYS);
}

static void
test_it_still_works(gconstpointer data)
{
    int status = wait_status_of(*(const Probe *)data);

    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void
test_memory_is_capped(void)
{
    if (SANITIZED) {
        g_test_skip("shadow memory takes more than any cap");
        return;
    }
    g_assert_cmpint(WEXITSTATUS(wait_status_of(probe_much_memory)), ==, ENOMEM);
    g_assert_cmpint(WEXITSTATUS(wait_status_of(probe_abort_when_memory_is_short)), ==,
                    DN_SANDBOX_EXIT_MEMORY);
}

static void
test_an_abort_with_memory_left_stays_an_abort(void)
{
    int status = wait_status_of(probe_abort);

    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, SIGABRT);
}

static void
test_processor_time_is_capped(void)
{
    int status = wait_status_of(probe_endless_loop);

    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, SIGXCPU);
}

static void *
sleep_long(void *unused)
{
    pause();
    return unused;
}

static int
door_with_a_second_thread(void)
{
    pthread_t thread;
    g_autoptr(GError) error = NULL;

    pthread_create(&thread, NULL, sleep_long, NULL);
    return dn_sandbox_enter(0, NULL, &report, &error) ? 0 : (int)dn_error_code(error);
}

static void
test_a_thread_cannot_stay_outside(void)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0)
        _exit(door_with_a_second_thread());
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(WEXITSTATUS(status), ==, DN_ERROR_EXTERNAL);
}

typedef struct {
    const char *name;
    Probe probe;
    GTestDataFunc test;
} Case;

static const Case cases[] = {
    {"internet", probe_socket, test_it_is_refused},
    {"unix-socket", probe_unix_socket, test_it_is_refused},
    {"write-new-file", probe_write_file, test_it_is_refused},
    {"write-old-file", probe_write_existing, test_it_is_refused},
    {"truncate-on-open", probe_truncate_on_open, test_it_is_refused},
    {"nameless-file", probe_nameless_file, test_it_is_refused},
    {"openat2", probe_openat2, test_it_is_refused},
    {"make-folder", probe_make_dir, test_it_is_refused},
    {"unlink", probe_unlink, test_it_is_refused},
    {"chmod", probe_chmod, test_it_is_refused},
    {"signal-parent", probe_signal_parent, test_it_is_refused},
    {"executable-memory", probe_executable_memory, test_it_is_refused},
    {"make-executable", probe_make_executable, test_it_is_refused},
    {"new-process", probe_new_process, test_it_is_refused},
    {"limits-of-others", probe_raise_limits, test_it_is_refused},
    {"read-passwd", probe_passwd, test_it_is_refused},
    {"read-parent", probe_parent_memory, test_it_is_refused},
    {"exec", probe_exec, test_it_is_deadly},
    {"ptrace", probe_ptrace, test_it_is_deadly},
    {"read-fonts", probe_read_font_settings, test_it_still_works},
    {"thread", probe_thread, test_it_still_works},
    {"cpu-budget", probe_cpu_budget, test_it_still_works},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    parent = getpid();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/sandbox/%s", cases[i].name);

        g_test_add_data_func(path, &cases[i].probe, cases[i].test);
    }
    g_test_add_func("/sandbox/memory", test_memory_is_capped);
    g_test_add_func("/sandbox/abort", test_an_abort_with_memory_left_stays_an_abort);
    g_test_add_func("/sandbox/processor-time", test_processor_time_is_capped);
    g_test_add_func("/sandbox/second-thread", test_a_thread_cannot_stay_outside);
    return g_test_run();
}
