/// What the torture needs and Swift lacks: fork, namespaces, pidfds.
#ifndef CTORTURE_H
#define CTORTURE_H

#include <signal.h>
#include <sys/types.h>

/// The step program: `step|probe LEDGER BEHAVIOUR...`, or `child LEDGER RUN STEP ATTEMPT FLAGS MS` for its
/// own children. Attempt N uses the Nth behaviour, or the last. A behaviour is a list of acts, separated by
/// commas:
///
///     i         ignore SIGTERM from now on
///     gCODE     on SIGTERM, exit with CODE
///     pBYTES    print BYTES bytes, alternately to standard output and standard error
///     sMS       be active for MS milliseconds
///     q         close standard input, output and error
///     z         stop itself (SIGSTOP)
///     cFLAGS:MS start a child that is active for MS milliseconds; its flags: s own session, d forked
///               twice, i ignores SIGTERM and SIGHUP, z stops itself, q closes its descriptors,
///               e runs with an empty environment
///     xCODE     exit with CODE
///     kSIGNAL   die by SIGNAL
///
/// Active processes append lines to the ledger, each with one write:
/// `<monotonic microseconds> <what> <run> <step> <attempt> <process> [<detail>]`. The word in <what> is
/// `start`, `probe` (the start of a probe), `beat`, `end` (with `exit CODE` or `signal NUMBER`), or, for
/// children, `child`, `childbeat` or `childend`.
///
/// - Returns: the exit code for invalid arguments. Otherwise the function does not return.
int torture_step(int count, char **arguments);

/// The byte at `index` of the output of every behaviour.
static inline unsigned char torture_output_byte(long index) {
  return index % 64 == 63 ? '\n' : (unsigned char)('a' + index % 64 * 7 % 26);
}

/// Makes this process a subreaper, in its own mount namespace: mounts end with its last process.
///
/// - Returns: -1 and errno if the process may not have a mount namespace.
int torture_own_world(void);

/// Mounts a tmpfs of the given size. -1: errno.
int torture_mount_memory(const char *path, long bytes);
int torture_unmount(const char *path);

/// A pidfd of the process; -1: errno.
int torture_open_process(pid_t process);
int torture_signal_process(int descriptor, int number);

#endif
