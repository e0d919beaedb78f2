/// The descriptor of a `File`, given back when its owner lets go of it.
///
/// An object, although it has but one owner: Swift 6.3.1, optimizing, does not run the deinitializer
/// of a generic structure that cannot be copied where another module lets go of it. Descriptors
/// stayed open then, and with them the locks that were taken through them.
final class OpenFile<Store: Storage> {
  let storage: Store
  let handle: Store.Handle
  private var isOpen = true

  init(_ path: String, _ mode: OpenMode, in storage: Store) throws(Errno) {
    handle = try storage.open(path, mode)
    self.storage = storage
  }

  deinit {
    // An owner that was thrown away by an error: that error is the one to report.
    if isOpen { try? storage.close(handle) }
  }

  func close() throws(Errno) {
    isOpen = false
    try storage.close(handle)
  }
}
