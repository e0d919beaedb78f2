/// What the torture needs and Swift lacks: fork, namespaces, pidfds.
#ifndef CTORTURE_H
#define CTORTURE_H

#include <signal.h>
#include <sys/types.h>

/// The step program: `step|probe LEDGER BEHAVIOUR...`, or `child LEDGER RUN STEP ATTEMPT FLAGS MS` for its
/// own children. Attempt N uses the Nth behaviour, or the last. Where `/` separates groups of behaviours, the
/// sum of the bytes of `$FLOW_ITEM` chooses the group. A behaviour is a list of acts, separated by commas:
///
///     f         take the lock of `LEDGER.lock`, until this process and its children have ended; if it is held,
///               write a line with `clash`
///     i         ignore SIGTERM from now on
///     gCODE     on SIGTERM, exit with CODE
///     pBYTES    print BYTES bytes, alternately to standard output and standard error
///     sMS       be active for MS milliseconds
///     q         close standard input, output and error
///     z         stop itself (SIGSTOP)
///     cFLAGS:MS start a child that is active for MS milliseconds; its flags: s own session, d forked
///               twice, i ignores SIGTERM and SIGHUP, z stops itself, q closes its descriptors,
///               e runs with an empty environment
///     o         leave the output `value`, which names the step and the attempt
///     lITEMS    leave the output `list`: items that are separated by colons, one a line
///     xCODE     exit with CODE
///     kSIGNAL   die by SIGNAL
///
/// Active processes append lines to the ledger, each with one write:
/// `<monotonic microseconds> <what> <run> <step> <attempt> <process> [<detail>]`. The word in <what> is
/// `start`, `probe` (the start of a probe; both with the item as `$FLOW_ITEM` and `$ITEM` have it), `took` (with `STEP VALUE`, once for each output that it was handed
/// when it started), `beat`, `put` and `list` (an output is complete), `end` (with `exit CODE` or `signal NUMBER`), or, for
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

/// Mounts the ext4 file system in the file at `path` through a loop device, which the kernel detaches with
/// the last user of the mount. -1: errno.
///
/// - Parameter number: gets the number of the loop device.
int torture_mount_image(const char *path, const char *folder, const char *options, int *number);

/// Makes everything in the file system of the folder durable. -1: errno.
int torture_sync(const char *folder);

/// Moves a mount. -1: errno.
int torture_move_mount(const char *folder, const char *target);

/// Shows a file at the path of another. -1: errno.
int torture_bind(const char *file, const char *path);

/// Copies a file without its holes. -1: errno.
int torture_copy_image(const char *path, const char *copy);

/// 1 if a process of this user can read and execute the file. Only root can ask.
int torture_user_may_execute(uid_t user, const char *path);

/// Makes this process one of the user. -1: errno.
int torture_become(uid_t user);

/// Makes a process that was root before `torture_become` root again.
void torture_be_root(void);

/// Limits the processes of the process's user, as far as this process makes new ones; a negative number for
/// no limit.
///
/// - Returns: 1 if there was another limit before, 0 if not; -1: errno.
int torture_limit_processes(pid_t process, long most);

/// A pidfd of the process; -1: errno.
int torture_open_process(pid_t process);
int torture_signal_process(int descriptor, int number);

#endif
