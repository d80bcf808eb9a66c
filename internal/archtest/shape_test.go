package archtest

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The reasons of the shape rules.
const (
	whyInit      = "nothing happens at import: what a package does begins with a call that somebody can read"
	whyPanic     = "what strangers send must not stop a node: return an error (functions named Must... are spared)"
	whyDoc       = "an exported name is a promise; its comment says which"
	whyClock     = "the ground has no clock: time comes in as an argument"
	whyGoroutine = "the ground has no goroutine: concurrency belongs to whoever calls"
	whySleep     = "sleep-and-hope is slow when right and flaky when wrong: wait for a condition, or use testing/synctest"
	whyWall      = "kad-dht and pubsub end at the wall of the package that imports them: a caller must never need their types"
)

// floors are the packages that touch what strangers send.
var (
	ground = pkgs{"records/..."}
	floors = pkgs{"records/...", "overlay/...", "gossip/..."}
)

// clock are the names of package time that read the clock or wait for it.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}

// packageNames are the names of the walled packages where these are not the last part of the path.
var packageNames = map[string]string{
	"github.com/libp2p/go-libp2p-kad-dht":    "dht",
	"github.com/libp2p/go-libp2p-kad-dht/pb": "dht_pb",
	"github.com/libp2p/go-libp2p-kbucket":    "kbucket",
	"github.com/libp2p/go-libp2p-pubsub":     "pubsub",
	"github.com/libp2p/go-libp2p-pubsub/pb":  "pubsub_pb",
}

// badShapes lists what one file does against the shape rules.
func badShapes(s *source) []finding {
	if s.test {
		return sleeps(s)
	}
	var found []finding
	dir := path.Dir(s.name)
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			found = append(found, s.finding(f, "has an init function", whyInit))
		}
	}
	if floors.match(dir) {
		found = append(found, panics(s)...)
		found = append(found, leaks(s)...)
	}
	if ground.match(dir) {
		found = append(found, clocksAndGoroutines(s)...)
	}
	if s.file.Name.Name != "main" {
		found = append(found, undocumented(s)...)
	}
	return found
}

func sleeps(s *source) []finding {
	if _, virtual := s.imported("testing/synctest"); virtual {
		return nil
	}
	return timeUses(s, []string{"Sleep"}, whySleep)
}

func clocksAndGoroutines(s *source) []finding {
	found := timeUses(s, clock, whyClock)
	ast.Inspect(s.file, func(n ast.Node) bool {
		if g, ok := n.(*ast.GoStmt); ok {
			found = append(found, s.finding(g, "starts a goroutine", whyGoroutine))
		}
		return true
	})
	return found
}

// timeUses finds uses of functions of package time, called or passed on.
func timeUses(s *source, names []string, why string) []finding {
	local, ok := s.imported("time")
	if !ok {
		return nil
	}
	var found []finding
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && isIdent(sel.X, local) && slices.Contains(names, sel.Sel.Name) {
			found = append(found, s.finding(sel, "uses time."+sel.Sel.Name, why))
		}
		return true
	})
	return found
}

func panics(s *source) []finding {
	var found []finding
	ast.Inspect(s.file, func(n ast.Node) bool {
		if f, ok := n.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Must") {
			return false
		}
		if call, ok := n.(*ast.CallExpr); ok && isIdent(call.Fun, "panic") {
			found = append(found, s.finding(call, "panics", whyPanic))
		}
		return true
	})
	return found
}

// undocumented finds exported names without a comment. The comment of a const or var group speaks for its members, and
// a member's comment for the neighbours that it names.
func undocumented(s *source) []finding {
	var found []finding
	report := func(n ast.Node, name string) {
		found = append(found, s.finding(n, "exports "+name+" without a comment", whyDoc))
	}
	for _, decl := range s.file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if isExported(d) && d.Doc.Text() == "" {
				report(d, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch sp := spec.(type) {
				case *ast.TypeSpec:
					own := d.Doc.Text() != "" && !d.Lparen.IsValid()
					if sp.Name.IsExported() && !own && sp.Doc.Text()+sp.Comment.Text() == "" {
						report(sp, sp.Name.Name)
					}
				case *ast.ValueSpec:
					if d.Doc.Text()+sp.Doc.Text()+sp.Comment.Text() != "" {
						continue
					}
					for _, name := range sp.Names {
						if name.IsExported() && !namedByNeighbour(d, name.Name) {
							report(name, name.Name)
						}
					}
				}
			}
		}
	}
	return found
}

// namedByNeighbour reports whether a comment in a const or var group speaks of name, as in "Min and Max bound the size".
func namedByNeighbour(group *ast.GenDecl, name string) bool {
	word := regexp.MustCompile(`\b` + name + `\b`)
	return slices.ContainsFunc(group.Specs, func(s ast.Spec) bool {
		sp, ok := s.(*ast.ValueSpec)
		return ok && word.MatchString(sp.Doc.Text()+sp.Comment.Text())
	})
}

// leaks finds exported signatures that name a type from behind the wall.
func leaks(s *source) []finding {
	walled := map[string]string{} // local name -> import path
	for _, spec := range s.file.Imports {
		imp := importPath(spec)
		if !kadDHT.match(imp) && !pubsub.match(imp) {
			continue
		}
		name := path.Base(imp)
		if known, ok := packageNames[imp]; ok {
			name = known
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		walled[name] = imp
	}
	var found []finding
	for _, signature := range signatures(s.file) {
		ast.Inspect(signature, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok && walled[pkg.Name] != "" {
					found = append(found, s.finding(sel, "shows "+pkg.Name+"."+sel.Sel.Name+" in an exported signature", whyWall))
				}
			}
			return true
		})
	}
	return found
}

// signatures are the types that a caller of the package gets to see.
func signatures(file *ast.File) []ast.Node {
	var seen []ast.Node
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if isExported(d) {
				seen = append(seen, d.Type)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch sp := spec.(type) {
				case *ast.ValueSpec:
					if sp.Type != nil && slices.ContainsFunc(sp.Names, (*ast.Ident).IsExported) {
						seen = append(seen, sp.Type)
					}
				case *ast.TypeSpec:
					if !sp.Name.IsExported() {
						continue
					}
					st, ok := sp.Type.(*ast.StructType)
					if !ok {
						seen = append(seen, sp.Type)
						continue
					}
					for _, f := range st.Fields.List {
						if len(f.Names) == 0 || slices.ContainsFunc(f.Names, (*ast.Ident).IsExported) {
							seen = append(seen, f.Type)
						}
					}
				}
			}
		}
	}
	return seen
}

// isExported reports whether callers of the package can name the function: a method needs an exported receiver too.
func isExported(f *ast.FuncDecl) bool {
	if !f.Name.IsExported() {
		return false
	}
	if f.Recv == nil {
		return true
	}
	t := f.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.ParenExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}
