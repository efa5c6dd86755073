{# A short text (of letters, digits and characters alone) says the same thing by chance, not by copying. #}
{% macro is_long_enough_to_copy(comparable_text) -%} length({{ comparable_text }}) >= 8 {%- endmacro %}
