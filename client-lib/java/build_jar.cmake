# Generates vouch.v1's Java classes, compiles them with the binding, and packs
# vouch.jar. Run by CMakeLists.txt as a script, with its variables.
file(REMOVE_RECURSE ${OUT}/generated ${OUT}/classes)
file(MAKE_DIRECTORY ${OUT}/generated ${OUT}/classes)
file(GLOB protos ${PROTO_FOLDER}/vouch/v1/*.proto)
execute_process(
  COMMAND ${PROTOC} -I ${PROTO_FOLDER} --java_out=${OUT}/generated ${protos}
  COMMAND_ERROR_IS_FATAL ANY)
file(GLOB generated ${OUT}/generated/vouch/v1/*.java)
file(GLOB binding ${SOURCE_FOLDER}/vouch/*.java)
list(JOIN generated "\n" generated_lines)
file(WRITE ${OUT}/generated.txt "${generated_lines}\n")
execute_process(
  COMMAND ${JAVAC} --release 17 -proc:none -nowarn -Xlint:none
          -cp ${PROTOBUF_JAR} -d ${OUT}/classes @${OUT}/generated.txt
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND ${JAVAC} --release 17 -proc:none -Xlint:all -Werror
          -cp ${OUT}/classes:${PROTOBUF_JAR} -d ${OUT}/classes ${binding}
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND ${JAR} --create --file ${VOUCH_JAR} -C ${OUT}/classes .
  COMMAND_ERROR_IS_FATAL ANY)
