/// Remembers digests of files, so that one that has not changed need not be read again.
package protocol DigestMemory: AnyObject {
  /// Nil if it is not known, or the file may have changed since.
  func digest(of file: FileStatus) -> Digest?
  /// - Parameter file: as it was before it was read, and after that.
  func remember(_ digest: Digest, of file: FileStatus)
}
