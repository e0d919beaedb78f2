package import FlowStorage
import Glibc

/// Makes a system call that fails with -1 and errno, and repeats it if a signal interrupts it.
package func systemCall<Result: SignedInteger>(
  _ body: () -> Result
) throws(Errno) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    if errno != EINTR { throw Errno(rawValue: errno) }
  }
}
