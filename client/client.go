// Package client calls the partner API of a Droits platform; it hides the two
// proofs, the headers and the shape of problems behind one method a route.
package client
