# Run by lambdapool_program at build time: OUTPUT defines the hash over FILES, named relative to ROOT.
string(REPLACE "|" ";" files "${FILES}")
list(SORT files)
set(all "")
foreach(file IN LISTS files)
  file(SHA256 ${file} hash)
  file(RELATIVE_PATH name ${ROOT} ${file})
  string(APPEND all "${hash} ${name}\n")
endforeach()
string(SHA256 id "${all}")
file(WRITE ${OUTPUT} "extern \"C\" __attribute__((visibility(\"default\"))) const char lambdapool_program_id[];\n"
                     "const char lambdapool_program_id[] = \"${id}\";\n")
