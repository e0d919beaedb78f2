package import FlowPublication

/// What is remembered of results from one run to the next. All of it can be gone at any time; what is not is
/// right.
package protocol ResultStore: AnyObject {
  /// SHA-256.
  func digest(_ bytes: [UInt8]) -> Digest
  func result(of key: Digest) throws(ResultStoreError) -> CachedResult?
  /// The newest of a step.
  func lastResult(of identity: Digest) throws(ResultStoreError) -> CachedResult?
  func keep(_ result: CachedResult, of identity: Digest) throws(ResultStoreError)
}

/// Why results cannot be read or kept.
package struct ResultStoreError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
