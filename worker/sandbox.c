/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/sandbox.c - three fences: resource limits, landlock (where the kernel has it), seccomp.
 *
 * The filter is a list of what is allowed. All else is answered with EPERM, because a library that
 * asks in vain for something harmless must go on; what only an attacker would try ends the process.
 */
#include "config.h"
#include "worker/sandbox.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 }; /* shadow memory takes terabytes of address space */
#else
enum { SANITIZED = 0 };
#endif

#if defined(__SANITIZE_THREAD__)
enum { THREADS_MOST = 2 }; /* the sanitizer has one of its own */
#else
enum { THREADS_MOST = 1 };
#endif

enum { OPEN_FILES_MOST = 64 };
static const size_t MEMORY_PROBE_BYTES = (size_t)256 << 20;

/* Where fonts, character maps, models and the libraries' own data live. */
static const char *const readable[] = {"/usr/share",
                                       "/usr/lib",
                                       "/usr/local/share",
                                       "/etc/fonts",
                                       "/var/cache/fontconfig",
                                       "/proc/self",
                                       "/sys/devices/system/cpu",
                                       NULL};

/* ---- resource limits ---- */

static bool
cap(int resource, rlim_t value, GError **error)
{
    struct rlimit limit = {value, value};

    return setrlimit(resource, &limit) == 0 ||
           dn_fail(error, DN_ERROR_EXTERNAL, "cannot set resource limit %d: %s", resource,
                   g_strerror(errno));
}

static bool
limit_resources(uint64_t max_memory_bytes, GError **error)
{
    if (!cap(RLIMIT_CORE, 0, error) || !cap(RLIMIT_NOFILE, OPEN_FILES_MOST, error))
        return false;
    if (SANITIZED)
        return true;
    return cap(RLIMIT_FSIZE, 0, error) &&
           (max_memory_bytes == 0 || cap(RLIMIT_AS, max_memory_bytes, error));
}

/* GLib, poppler and the C++ library abort when memory is short. Whether that was the cause is asked
 * here, so that the document is told to be too large rather than the program to be broken. Only
 * system calls: the heap is not to be trusted in here. */
static void
on_abort(int signal_number)
{
    void *probe = mmap(NULL, MEMORY_PROBE_BYTES, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (probe == MAP_FAILED)
        _exit(DN_SANDBOX_EXIT_MEMORY);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* ---- landlock ---- */

static uint64_t
landlock_rights(int abi)
{
    uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* all of version 1 */

#ifdef LANDLOCK_ACCESS_FS_REFER
    if (abi >= 2)
        rights |= LANDLOCK_ACCESS_FS_REFER;
#endif
#ifdef LANDLOCK_ACCESS_FS_TRUNCATE
    if (abi >= 3)
        rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
#endif
    return rights;
}

static bool
allow_reading(int ruleset, const char *path, GError **error)
{
    dn_autofd int folder = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY);
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
        .parent_fd = folder,
    };

    if (folder < 0) /* a machine without this folder has nothing to read there */
        return true;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ||
           dn_fail(error, DN_ERROR_EXTERNAL, "landlock refuses a rule: %s", g_strerror(errno));
}

static bool
restrict_files(const char *model_dir, int *out_abi, GError **error)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    *out_abi = abi > 0 ? (int)abi : 0;
    if (abi <= 0)
        return true;
    struct landlock_ruleset_attr attr = {.handled_access_fs = landlock_rights((int)abi)};
    dn_autofd int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);

    if (ruleset < 0)
        return dn_fail(error, DN_ERROR_EXTERNAL, "landlock refuses: %s", g_strerror(errno));
    for (const char *const *path = readable; *path; path++)
        if (!allow_reading(ruleset, *path, error))
            return false;
    if (model_dir && !allow_reading(ruleset, model_dir, error))
        return false;
    return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ||
           dn_fail(error, DN_ERROR_EXTERNAL, "landlock refuses: %s", g_strerror(errno));
}

/* ---- seccomp ---- */

/* Computing, memory, time, and the descriptors that are open. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fcntl),
    SCMP_SYS(fadvise64),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    /* looking at names; with landlock, opening is what is fenced */
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(statx),
    SCMP_SYS(fstatfs),
    SCMP_SYS(statfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(getdents64),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrusage),
    SCMP_SYS(times),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* No library asks for these by accident. */
static const int deadly[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(bpf),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(reboot),
};

static int
add_checked_calls(scmp_filter_ctx filter)
{
    const scmp_datum_t writes = O_ACCMODE | O_CREAT | O_TRUNC;
    int status = 0;

    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                               SCMP_A1(SCMP_CMP_MASKED_EQ, writes, O_RDONLY));
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, writes, O_RDONLY));
    /* Code is loaded before; a page that can be written never becomes one that can be run. */
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    /* Threads, not processes. The flags of clone3() lie in memory, where a filter cannot look; with
     * ENOSYS the C library falls back on clone(). */
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    status |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    /* abort() signals its own process; no other. */
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                               SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    /* dn_sandbox_budget_cpu(), and asking for limits. */
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
                               SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
    status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
                               SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A1(SCMP_CMP_EQ, RLIMIT_CPU));
    return status;
}

static bool
filter_calls(GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int status = filter ? 0 : -ENOMEM;

    if (status == 0) /* a binary tree: libgomp alone makes tens of thousands of calls a page */
        status = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    for (size_t i = 0; i < G_N_ELEMENTS(allowed) && status == 0; i++)
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; i < G_N_ELEMENTS(deadly) && status == 0; i++)
        status = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
    if (status == 0)
        status = add_checked_calls(filter);
    if (status == 0)
        status = seccomp_load(filter);
    if (filter)
        seccomp_release(filter);
    return status == 0 ||
           dn_fail(error, DN_ERROR_EXTERNAL, "seccomp refuses: %s", g_strerror(-status));
}

/* Landlock and the filter hold the calling thread and what it starts, not a thread that was there
 * before. */
static bool
is_alone(GError **error)
{
    g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
    unsigned count = 0;

    while (tasks && g_dir_read_name(tasks))
        count++;
    return (count > 0 && count <= THREADS_MOST) ||
           dn_fail(error, DN_ERROR_EXTERNAL, "%u threads at the door of the sandbox, expected 1",
                   count);
}

bool
dn_sandbox_enter(uint64_t max_memory_bytes, const char *model_dir, DnSandboxReport *out_report,
                 GError **error)
{
    DnSandboxReport report = {0};

    signal(SIGXFSZ, SIG_IGN); /* standard error may be a file when somebody is debugging */
    signal(SIGABRT, on_abort);
    signal(SIGTRAP, on_abort);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return dn_fail(error, DN_ERROR_EXTERNAL, "prctl refuses: %s", g_strerror(errno));
    if (!is_alone(error) || !restrict_files(model_dir, &report.landlock_abi, error) ||
        !limit_resources(max_memory_bytes, error) || !filter_calls(error))
        return dn_fail_in(error, "cannot enter the sandbox");
    *out_report = report;
    return true;
}

bool
dn_sandbox_budget_cpu(uint32_t ms, GError **error)
{
    struct timespec used;
    struct rlimit limit;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0)
        return dn_fail_errno(error, "cannot read the processor time");
    limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)used.tv_sec + ms / 1000 + 2);
    return setrlimit(RLIMIT_CPU, &limit) == 0 ||
           dn_fail_errno(error, "cannot limit the processor time");
}
