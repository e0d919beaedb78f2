/// What the torture does that Swift cannot (fork) or does not know (namespaces, pidfds).
#ifndef CTORTURE_H
#define CTORTURE_H

#include <signal.h>
#include <sys/types.h>

/// The step program: `step|probe LEDGER BEHAVIOUR...` and, for itself, `child LEDGER RUN STEP ATTEMPT
/// BEHAVIOUR`. Of the behaviours the one counts that stands where the attempt's number says, or the
/// last. A behaviour is a list, separated by commas, of what is done in order:
///
///     i         ignore SIGTERM from now on
///     gCODE     at SIGTERM, end with that code
///     pBYTES    print so many bytes, in turn to standard output and standard error
///     sMS       go on for so many milliseconds
///     q         close standard input, output and error
///     z         stop oneself (SIGSTOP)
///     cFLAGS:MS leave a child that goes on for so long; its flags: s a session of its own, d forked
///               twice, i ignores SIGTERM and SIGHUP, z stops itself, q closes its descriptors,
///               e runs with an empty environment
///     xCODE     exit
///     kSIGNAL   die by that signal
///
/// Whatever goes on writes lines to the ledger, each with one write to a file opened for appending:
/// `<monotonic microseconds> <what> <run> <step> <attempt> <process> [<detail>]`, where what is
/// `start`, `probe` (a start of a probe), `beat`, `end` with `exit CODE` or `signal NUMBER`, and, of
/// children, `child`, `childbeat` and `childend`.
///
/// - Returns: what to exit with, where the arguments make no sense.
int torture_step(int count, char **arguments);

/// Byte `index` of what a behaviour prints.
static inline unsigned char torture_output_byte(long index) {
  return index % 64 == 63 ? '\n' : (unsigned char)('a' + index % 64 * 7 % 26);
}

/// Makes this process the one to which all its orphaned descendants fall, in a mount namespace of its
/// own where it may have one: what is mounted there is gone with the last process. -1: errno.
int torture_own_world(void);

/// Mounts memory of that many bytes. -1: errno.
int torture_mount_memory(const char *path, long bytes);
int torture_unmount(const char *path);

/// A descriptor that names the process; -1: errno.
int torture_open_process(pid_t process);
int torture_signal_process(int descriptor, int number);

#endif
