/// The version of the project, which both programs share.
package enum Version {
  package static let current = "0.1.0"
}
