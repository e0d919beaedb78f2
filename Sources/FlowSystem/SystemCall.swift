package import FlowStorage
import Glibc

/// Makes a system call that says -1 and errno when it fails, again if a signal interrupted it.
package func systemCall<Result: SignedInteger>(
  _ body: () -> Result
) throws(Errno) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    if errno != EINTR { throw Errno(rawValue: errno) }
  }
}
